import type { Benchmark, Contender } from './benchmark.js';
import { type TorchOptions, type TorchResult, torch } from './contenders/torch.js';
import { openWorker, worker } from './contenders/worker.js';
import { besideProcessorTime } from './processor-time.js';
import { recipeNamed } from './recipes.js';
import type { Row } from './report/result.js';
import type { RunFolders, RunRequest } from './run-folders.js';
import type { Clock } from './worker/timing.js';
import { vocabularySizes, workloadName } from './workloads.js';

/** Examples in a call. */
const BATCHES = [1, 256];
const PERCENTILES = ['p50', 'p99'];
const OURS = 'onnx-forge';

interface Inference {
  /** Methods of the run's model; tfjs runs the graphs of these names. */
  readonly methods: readonly string[];
  readonly batches?: readonly number[];
  /** Whether tfjs can do the same with the graphs' functions; default true. */
  readonly tfjs?: boolean;
  readonly run?: RunRequest;
}

/** Recipes whose methods are timed, one of each kind that answers single requests. */
export const INFERENCES: Readonly<Record<string, Inference>> = {
  vae: { methods: ['encode', 'decode'] },
  classifier: { methods: ['classify'] },
  'text-cnn': { methods: ['classify'] },
  siamese: { methods: ['embed'] },
  // Without an end mark all translations are as long as can be: the net has seen one batch.
  // tfjs would compute the tables of all words in every call.
  seq2seq: { methods: ['translate'], tfjs: false, run: { set: { eos: 'none' } } },
  // tfjs would draw all tokens of a block whatever the length.
  transformer: { methods: ['generate'], batches: [1], tfjs: false },
};

/** One recipe of each kind. */
export const STARTS: readonly string[] = [
  'vae',
  'cvae',
  'gan',
  'classifier',
  'text-cnn',
  'siamese',
  'seq2seq',
  'transformer',
];

export interface InferenceSettings extends TorchOptions {
  readonly clock: Clock;
  readonly quick: boolean;
  readonly budgetMs: number;
  readonly folders: RunFolders;
}

/** Single calls of a loaded model: their median and their 99th percentile. */
export async function inference(name: string, settings: InferenceSettings): Promise<Benchmark> {
  const recipe = await recipeNamed(name);
  const { methods, batches = BATCHES, tfjs = true, run = {} } = INFERENCES[name]!;
  const { threads, budgetMs, quick, folders } = settings;
  const common = { budgetMs, recipe: name, batches };
  const sizes = vocabularySizes(recipe);
  const rows = methods.flatMap((method) =>
    batches.flatMap((batch) =>
      PERCENTILES.map(
        (percentile): Row => ({
          id: `${name}/inference/${method}-${batch}/${percentile}`,
          title: `${workloadName(recipe)}: ${method}, batch ${batch}${sizes}, ${percentile}`,
          unit: 'ms',
          better: 'lower',
        }),
      ),
    ),
  );
  const contenders = (how: InferenceSettings): Contender[] => {
    const same = { ...common, threads: how.threads, clock: how.clock };
    const on = (engine: string, backend: 'wasm' | 'cpu'): Contender =>
      worker(engine, () => ({ ...same, task: 'inference-tfjs', methods, backend, set: run.set ?? {} }));
    return [
      worker(OURS, async () => ({ ...same, task: 'inference', run: await folders.run(name, threads, run) })),
      ...(tfjs ? [on('tfjs wasm', 'wasm'), ...(quick ? [] : [on('tfjs cpu', 'cpu')])] : []),
      torch('PyTorch', how, { only: `infer-${name}`, read: (result) => ({ values: printed(result, rows) }) }),
    ];
  };
  return besideProcessorTime({ rows, contenders: contenders(settings) }, (clock) =>
    contenders({ ...settings, ...clock }),
  );
}

/** torch_peer.py prints a row's number by what of its id is behind the recipe: `encode-1/p50`. */
function printed(result: TorchResult, rows: readonly Row[]): Record<string, number> {
  const values = rows.flatMap(({ id }) => {
    const value = result[id.split('/').slice(2).join('/')];
    return typeof value === 'number' ? [[id, value] as const] : [];
  });
  return Object.fromEntries(values);
}

/** `load` and the first answer in a process of their own, every round. */
export function startUp(name: string, { threads, clock, budgetMs, folders }: InferenceSettings): Benchmark {
  const title = `${name}: load to first answer`;
  const rows: Row[] = [
    { id: `${name}/start/time`, title, unit: 'ms', better: 'lower' },
    { id: `${name}/start/memory`, title: `${title}, peak resident memory`, unit: 'MB', better: 'lower' },
  ];
  const ours: Contender = {
    engine: OURS,
    async open() {
      const run = await folders.run(name, threads);
      const open = () => openWorker({ task: 'start', recipe: name, run, threads, clock, budgetMs });
      const first = await open();
      await first.close();
      return {
        version: first.version,
        threads: first.threads,
        async measure() {
          const runner = await open();
          try {
            return await runner.measure();
          } finally {
            await runner.close();
          }
        },
        close: async () => {},
      };
    },
  };
  return { rows, contenders: [ours] };
}
