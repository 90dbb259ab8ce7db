import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@onnx-forge/infer';
import { npyBytes } from '../../train/data/npy-bytes.js';
import { runWork } from './work-process.js';

/** Work whose result follows from its inputs, to the byte, however often it is broken off and begun again. */
export interface Scenario {
  readonly name: string;
  /** Puts into a folder what the work begins with. */
  setup(work: string): Promise<void>;
  /** The command line that works in the folder; the same one goes on after a break. */
  argv(work: string): readonly string[];
}

const RECIPES = {
  vae: fileURLToPath(new URL('tiny-vae.js', import.meta.url)),
  gan: fileURLToPath(new URL('tiny-gan.js', import.meta.url)),
};

/** Every kind of work that writes files, on the data of a folder that is made for it. */
export async function scenariosIn(folder: string): Promise<readonly Scenario[]> {
  const data = join(folder, 'images.npy');
  const trained = join(folder, 'trained');
  await mkdir(trained, { recursive: true });
  await writeFile(data, images());
  const train = trainingWork('train', RECIPES.vae, data, ['--save-step']);
  const sweep = join(folder, 'sweep.json');
  await writeFile(sweep, JSON.stringify(sweepOf(data)));
  let training: Promise<void> | undefined;
  const afterwards = (name: string, argv: Scenario['argv']): Scenario => ({
    name,
    argv,
    async setup(work) {
      training ??= finish(train.argv(trained));
      await training;
      await cp(trained, work, { recursive: true });
    },
  });
  const own = ['--recipe', RECIPES.vae, '--device', 'cpu'];
  return [
    train,
    trainingWork('train-eager', RECIPES.vae, data, ['--engine', 'eager', '--no-figures']),
    trainingWork('train-gan', RECIPES.gan, data, []),
    trainingWork('train-best', RECIPES.vae, data, [
      '--monitor',
      'validation.kl',
      '--direction',
      'higher',
      '--no-figures',
    ]),
    { name: 'sweep', setup: async () => {}, argv: (work) => ['sweep', sweep, '--out', join(work, 'sweep')] },
    afterwards('eval', (work) => ['eval', runIn(work), ...own, '--split', 'validation']),
    afterwards('figures', (work) => ['figures', runIn(work), ...own]),
    afterwards('export', (work) => ['export', runIn(work), '-o', join(work, 'published'), '--force']),
  ];
}

async function finish(argv: readonly string[]): Promise<void> {
  const { code, stderr } = await runWork(argv);
  if (code !== 0) throw new Error(`a run can't be trained: ${stderr}`);
}

const runIn = (work: string): string => join(work, 'run');

function trainingWork(name: string, recipe: string, data: string, more: readonly string[]): Scenario {
  const settings = ['--resume', '--epochs', '2', '--batch-size', '20', '--device', 'cpu', ...more];
  return {
    name,
    setup: async () => {},
    argv: (work) => ['train', recipe, '--data', data, '--out', runIn(work), ...settings],
  };
}

/** Five short trainings, of which a rule stops some. */
function sweepOf(data: string): object {
  return {
    model: RECIPES.vae,
    settings: { data, device: 'cpu', threads: 1, epochs: 3, batchSize: 20 },
    space: { learningRate: { min: 1e-4, max: 1e-1, log: true } },
    ...{ search: 'tpe', trials: 5, stopping: { name: 'asha', eta: 2, min: 1 } },
    ...{ target: 'validation.kl', goal: 'minimise' },
  };
}

/** Fifty black and white images of 4 x 4. */
function images(): Buffer {
  const random = new Random(5);
  const [count, pixels] = [50, 16];
  return npyBytes(
    '|u1',
    [count, 4, 4],
    Uint8Array.from({ length: count * pixels }, () => 255 * random.integer(2)),
  );
}
