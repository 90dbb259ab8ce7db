import { ForgeError } from '@onnx-forge/infer';
import type { Runner } from '../benchmark.js';
import type { NoNumber } from '../report/result.js';
import type { Answer, TaskSpec } from './protocol.js';

/** The process that one engine runs in. Its task is the first argument, as JSON; then every message asks for a round. */
async function main(): Promise<void> {
  try {
    const runner = await open(JSON.parse(process.argv[2]!) as TaskSpec);
    const { version, threads } = runner;
    process.on('message', () => {
      runner.measure().then(
        (reading) => answer({ reading }),
        (error: unknown) => answer({ refused: refusal(error) }),
      );
    });
    process.once('disconnect', () => void runner.close().finally(() => process.exit()));
    answer({ ready: { version, threads } });
  } catch (error) {
    answer({ refused: refusal(error) }, () => process.exit());
  }
}

/** Each task's module is loaded only where it is needed: a process that infers does not carry tfjs in its memory. */
async function open(spec: TaskSpec): Promise<Runner> {
  switch (spec.task) {
    case 'steps':
      return (await import('./steps.js')).steps(spec);
    case 'floor':
      return (await import('./floor.js')).floor(spec);
    case 'growth':
      return (await import('./growing.js')).growing(spec);
    case 'likelihood':
      return (await import('./likelihood.js')).likelihood(spec);
    case 'generate':
      return (await import('./generating.js')).generating(spec);
    case 'translate':
      return (await import('./translating.js')).translating(spec);
    case 'augment':
      return (await import('./augmenting.js')).augmenting(spec);
    case 'images':
      return (await import('./loading-images.js')).loadingImages(spec);
    case 'many-images':
      return (await import('./many-images.js')).manyImages(spec);
    case 'serve':
      return (await import('./serving.js')).serving(spec);
    case 'inference':
      return (await import('./inferring.js')).inferring(spec);
    case 'inference-tfjs':
      return (await import('./inferring-tfjs.js')).inferringTfjs(spec);
    case 'start':
      return (await import('./starting.js')).starting(spec);
    case 'export':
      return (await import('./exporting.js')).exporting(spec);
    case 'load':
      return (await import('./loading.js')).loading(spec);
    case 'make-run':
      return (await import('./make-run.js')).makeRun(spec);
  }
}

function refusal(error: unknown): NoNumber {
  const message = error instanceof Error ? error.message : String(error);
  const absent = error instanceof ForgeError && error.code === 'device-unavailable';
  // Where Node looked in vain is no news: the message names the package.
  const reason = message.split('\n')[0]!.replace(/: Cannot find (package|module) .*/, '');
  return { status: absent ? 'absent' : 'failed', reason };
}

function answer(message: Answer, sent: () => void = () => {}): void {
  process.send!(message, sent);
}

await main();
