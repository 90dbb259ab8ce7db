import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { MetricSink } from '@onnx-forge/train/metrics';

export interface WandbOptions {
  readonly project: string;
  /** A Python with the package wandb. Default python3. */
  readonly python?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** W&B's own client, told by lines of JSON; each is answered by a line. */
const BRIDGE = `
import json, sys, wandb
run = None
for line in sys.stdin:
    call, given = json.loads(line)
    if call == "init":
        run = wandb.init(**given)
    elif call == "log":
        run.log(given["metrics"], step=given["step"])
    elif call == "finish":
        run.finish(exit_code=given["exit_code"])
    print("ok", flush=True)
`;

/**
 * Sends the log to Weights & Biases, through its Python package (the protocol is not documented): metrics `train/STEP/METRIC` and
 * `validation/METRIC` by iteration, settings as the run's config. A training that goes on continues the same W&B run: iterations that
 * it repeats have the same numbers, and W&B passes over steps that it has. What was sent is not taken back, so this sink does not
 * meet those checks of `SINK_CHECKS` that drop lines. `wandb login`, or WANDB_MODE=offline, is set as for Python.
 */
export function wandbSink({ project, python = 'python3', env = process.env }: WandbOptions): MetricSink {
  return {
    name: 'wandb',
    async open({ settings, folder }, mark) {
      const id = typeof mark === 'string' ? mark : randomUUID().replaceAll('-', '');
      const child = spawn(python, ['-c', BRIDGE], { env, stdio: ['pipe', 'pipe', 'pipe'] });
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors = (errors + text).slice(-2000);
      });
      const ended = once(child, 'close').then(() => {
        throw new Error(`W&B's client ended: ${errors.trim().split('\n').at(-1) ?? ''}`);
      });
      ended.catch(() => {}); // Told by the next call.
      child.stdin.on('error', () => {});
      const call = async (name: string, given: object): Promise<void> => {
        const answered = (async () => {
          for (let text = ''; !/^ok$/m.test(text); ) text += String((await once(child.stdout, 'data'))[0]);
        })();
        child.stdin.write(`${JSON.stringify([name, given])}\n`);
        await Promise.race([answered, ended]);
      };
      await call('init', { project, id, resume: 'allow', config: { folder, ...settings } });
      return {
        append: ({ kind, step, metrics }) => {
          const named = Object.entries(metrics).map(([metric, value]) => [`${kind}/${metric}`, value]);
          return call('log', { metrics: Object.fromEntries(named), step });
        },
        flush: async () => id,
        async close(status) {
          await call('finish', { exit_code: status === 'finished' ? 0 : 1 });
          child.stdin.end();
          await ended.catch(() => {});
        },
      };
    },
  };
}
