import type { Benchmark, Contender } from './benchmark.js';
import { inChromium } from './contenders/chromium.js';
import { ONNXSIM_STEPS, onnxsim } from './contenders/onnxsim.js';
import { PeerProcess } from './contenders/peer-process.js';
import { numberOf, type TorchBenchmark, torch } from './contenders/torch.js';
import { worker } from './contenders/worker.js';
import { besideProcessorTime } from './processor-time.js';
import { recipeNamed } from './recipes.js';
import { FLOOR, PYTORCH } from './report/engines.js';
import type { Row } from './report/result.js';
import type { RunFolders } from './run-folders.js';
import type { ServingTask } from './serving/serving.js';
import type { StepEngine } from './worker/protocol.js';
import type { Clock } from './worker/timing.js';
import { vocabularySizes, workloadName, workloadOptions } from './workloads.js';

/** How this project's engine is called in every row. */
const OURS = 'onnx-forge';

/** The estimate of log p(x) that is timed: draws per image, images of the test set. */
const SAMPLES = 200;
const TEST_IMAGES = 10_000;

/** Images in a folder that is loaded. */
const IMAGES = 2_000;
/** Of the benchmark of memory. */
const MANY_IMAGES = 100_000;

/** Characters written, and sentences translated, in a call. */
const GENERATED = 300;
const SENTENCES = 256;

/** A page that gets no threads: any that is not cross-origin isolated. */
const CHROMIUM_WASM = 'Chromium wasm';

/** Calls that are timed in a page and in Node, by recipe; ids behind `RECIPE/browser/`. */
export const BROWSER_TASKS: Readonly<Record<string, readonly { readonly row: Row; readonly task: ServingTask }[]>> = {
  vae: [
    {
      row: { id: 'decode', title: 'decode 64 images', unit: 'ms', better: 'lower' },
      task: { what: 'decode', images: 64 },
    },
    {
      row: {
        id: 'likelihood',
        title: `importance sampling, K = ${SAMPLES}, 100 images`,
        unit: 'images x K / s',
        better: 'higher',
      },
      task: { what: 'likelihood', images: 100, samples: SAMPLES },
    },
    {
      row: { id: 'step', title: 'step of a TrainableSession, batch 64', unit: 'ms', better: 'lower' },
      task: { what: 'step' },
    },
  ],
  'vae-2d': [
    {
      row: { id: 'decode', title: 'decode an image', unit: 'ms', better: 'lower' },
      task: { what: 'decode', images: 1 },
    },
  ],
};

export interface Settings {
  readonly threads: number;
  readonly clock: Clock;
  readonly python: string;
  readonly quick: boolean;
  /** Measure PyTorch's steps through torch.compile, too. */
  readonly compile: boolean;
  /** Milliseconds that a row may take an engine in a round. */
  readonly budgetMs: number;
  readonly folders: RunFolders;
}

/** The steps of a recipe in torch_peer.py: the key of each row; and whether its nets have images, whose memory may lie channels last. */
const TORCH_STEPS: Readonly<Record<string, { keys: Readonly<Record<string, string>>; images?: boolean }>> = {
  vae: { keys: { elbo: 'vae_step_ms' } },
  'vae-2d': { keys: { elbo: 'vae_2d_step_ms' } },
  'vae-mlp': { keys: { elbo: 'vae_mlp_step_ms' } },
  'vae-conv': { keys: { elbo: 'vae_conv_step_ms' }, images: true },
  cvae: { keys: { elbo: 'cvae_step_ms' } },
  gan: { keys: { discriminator: 'gan_d_step_ms', generator: 'gan_g_step_ms' }, images: true },
  'wgan-lp': { keys: { critic: 'wgan_lp_critic_step_ms', generator: 'wgan_lp_g_step_ms' }, images: true },
  classifier: { keys: { classify: 'classifier_step_ms' }, images: true },
  'text-cnn': { keys: { classify: 'text_cnn_step_ms' } },
  siamese: { keys: { contrast: 'siamese_step_ms' }, images: true },
  simsiam: { keys: { simsiam: 'simsiam_step_ms' }, images: true },
  seq2seq: { keys: { translate: 'seq2seq_step_ms' } },
  transformer: { keys: { predict: 'transformer_step_ms' } },
  dcgan: { keys: { discriminator: 'dcgan_d_step_ms', generator: 'dcgan_g_step_ms' }, images: true },
};

/** Limit of torch.compile, with the first round. */
const COMPILE_LIMIT_MS = 120_000;

/** Training steps: needs nothing of a recipe but its name; a PyTorch peer is a line in {@link TORCH_STEPS}. */
export async function trainingSteps(name: string, settings: Settings): Promise<Benchmark> {
  const recipe = await recipeNamed(name);
  const { batchSize } = workloadOptions(recipe);
  const rows = Object.keys(recipe.steps).map(
    (step): Row => ({
      id: `${name}/step/${step}`,
      title: `${workloadName(recipe)}: ${step} step, batch ${batchSize}${vocabularySizes(recipe)}`,
      unit: 'ms',
      better: 'lower',
    }),
  );
  const on = (label: string, engine: StepEngine, how = settings): Contender =>
    worker(label, () => ({ ...common(how), task: 'steps', recipe: name, engine }));
  const lowest = (how: Settings): Contender => worker(FLOOR, () => ({ ...common(how), task: 'floor', recipe: name }));
  const peers = (how: Settings): Contender[] => [
    ...torchSteps(name, batchSize, how),
    ...(ONNXSIM_STEPS.includes(name) ? [onnxsim(name, rows[0]!.id, how)] : []),
  ];
  const tfjs = [on('tfjs wasm', 'wasm'), on('tfjs tensorflow', 'tensorflow')];
  if (!settings.quick) tfjs.push(on('tfjs cpu', 'cpu'));
  const contenders = [on(OURS, 'compiled'), lowest(settings), ...peers(settings), ...tfjs];
  return besideProcessorTime({ rows, contenders }, (clock) => {
    const how = { ...settings, ...clock };
    return [on(OURS, 'compiled', how), lowest(how), ...peers(how)];
  });
}

/** PyTorch in all its forms: eager; with the switch that may make it faster; and compiled, which has a process of its own to give up. */
function torchSteps(recipe: string, batchSize: number, settings: Settings): Contender[] {
  const peer = TORCH_STEPS[recipe];
  if (peer === undefined) return [];
  const benchmark = (flags: readonly string[], limitMs?: number): TorchBenchmark => ({
    only: recipe,
    flags: ['--batch', `${batchSize}`, ...flags],
    ...(limitMs !== undefined && { limitMs }),
    read: (result) => {
      const values = Object.entries(peer.keys).map(([step, key]) => [`${recipe}/step/${step}`, numberOf(result, key)]);
      return { values: Object.fromEntries(values) };
    },
  });
  const eager = new PeerProcess(settings);
  return [
    torch(PYTORCH, eager, benchmark([])),
    peer.images
      ? torch(`${PYTORCH}, channels last`, eager, benchmark(['--channels-last']))
      : torch(`${PYTORCH}, fused Adam`, eager, benchmark(['--fused-adam'])),
    ...(settings.compile
      ? [torch(`${PYTORCH}, torch.compile`, settings, benchmark(['--compile', '--fused-adam'], COMPILE_LIMIT_MS))]
      : []),
  ];
}

/** Importance-sampled log-likelihood of a recipe that has one. */
export function likelihood(recipe: string, settings: Settings): Benchmark {
  const [throughput, whole, memory] = ['throughput', 'test-set', 'memory'].map(
    (what) => `${recipe}/likelihood/${what}`,
  );
  const title = `${recipe}: importance sampling, K = ${SAMPLES}`;
  const images = TEST_IMAGES.toLocaleString('en-US');
  const rows: Row[] = [
    { id: throughput!, title, unit: 'images x K / s', better: 'higher' },
    { id: whole!, title: `${title}, ${images} images`, unit: 's', better: 'lower' },
    { id: memory!, title: `${title}, peak resident memory`, unit: 'MB', better: 'lower' },
  ];
  const ours = worker(OURS, async () => ({
    ...common(settings),
    task: 'likelihood',
    recipe,
    run: await settings.folders.run(recipe, settings.threads),
    samples: SAMPLES,
    images: TEST_IMAGES,
    all: !settings.quick,
  }));
  const theirs = torch('PyTorch', settings, {
    only: 'is',
    read: (result) => {
      const rate = numberOf(result, 'is_image_samples_per_s');
      return {
        values: { [throughput!]: rate, [whole!]: (TEST_IMAGES * SAMPLES) / rate },
        notes: { [whole!]: ['projected from the throughput'] },
      };
    },
  });
  return { rows, contenders: [ours, theirs] };
}

/** From a trained recipe to its graphs on disk. */
export function exportTime(recipe: string, settings: Settings): Benchmark {
  const row: Row = { id: `${recipe}/export`, title: `${recipe}: export (trace, write)`, unit: 'ms', better: 'lower' };
  const out = settings.folders.empty();
  return {
    rows: [row],
    contenders: [worker(OURS, async () => ({ ...common(settings), task: 'export', recipe, out: await out }))],
  };
}

/** From a run folder to a model that can be used. */
export function loadTime(recipe: string, settings: Settings): Benchmark {
  const row: Row = { id: `${recipe}/load`, title: `${recipe}: load a run, all graphs`, unit: 'ms', better: 'lower' };
  const { folders, threads } = settings;
  const run = () => folders.run(recipe, threads);
  return {
    rows: [row],
    contenders: [worker(OURS, async () => ({ ...common(settings), task: 'load', recipe, run: await run() }))],
  };
}

/** Text written by a language model. */
export async function generation(name: string, settings: Settings): Promise<Benchmark> {
  const recipe = await recipeNamed(name);
  const id = `${name}/generate`;
  const title = `${workloadName(recipe)}: generate ${GENERATED} tokens${vocabularySizes(recipe)}`;
  const contenders = (how: Settings): Contender[] => [
    worker(OURS, async () => ({
      ...common(how),
      task: 'generate',
      recipe: name,
      run: await settings.folders.run(name, settings.threads),
      tokens: GENERATED,
    })),
    torch('PyTorch', how, {
      only: 'generate',
      read: (result) => ({ values: { [id]: numberOf(result, 'generate_tokens_per_s') } }),
    }),
  ];
  const rows: Row[] = [{ id, title, unit: 'tokens / s', better: 'higher' }];
  return besideProcessorTime({ rows, contenders: contenders(settings) }, (clock) =>
    contenders({ ...settings, ...clock }),
  );
}

/** Sentences translated in one call. */
export async function translation(name: string, settings: Settings): Promise<Benchmark> {
  const recipe = await recipeNamed(name);
  const id = `${name}/translate`;
  const title = `${workloadName(recipe)}: translate ${SENTENCES} sentences, greedy${vocabularySizes(recipe)}`;
  const contenders = (how: Settings): Contender[] => [
    worker(OURS, async () => ({
      ...common(how),
      task: 'translate',
      recipe: name,
      // Without an end mark all translations are as long as can be, whatever the net: it has seen one batch.
      run: await settings.folders.run(name, settings.threads, { set: { eos: 'none' } }),
      sentences: SENTENCES,
    })),
    torch('PyTorch', how, {
      only: 'translate',
      read: (result) => ({ values: { [id]: numberOf(result, 'translate_sentences_per_s') } }),
    }),
  ];
  const rows: Row[] = [{ id, title, unit: 'sentences / s', better: 'higher' }];
  return besideProcessorTime({ rows, contenders: contenders(settings) }, (clock) =>
    contenders({ ...settings, ...clock }),
  );
}

/** The random views that a recipe trains on. */
export async function augmentation(name: string, settings: Settings): Promise<Benchmark> {
  const title = `${workloadName(await recipeNamed(name))}: augmentation`;
  const rows: Row[] = [
    { id: `${name}/augmentation/rate`, title, unit: 'images / s', better: 'higher' },
    { id: `${name}/augmentation/share`, title: `${title}, part of an iteration`, unit: '%', better: 'lower' },
  ];
  return { rows, contenders: [worker(OURS, () => ({ ...common(settings), task: 'augment', recipe: name }))] };
}

/** Images of a folder on their way to training. */
export function loadingImages(settings: Settings): Benchmark {
  const title = `${IMAGES.toLocaleString('en-US')} JPEG files, 256 x 256 in colour`;
  const rows: Row[] = [
    { id: 'data/images/batches', title: `${title}: decoded, in batches`, unit: 'images / s', better: 'higher' },
    {
      id: 'data/images/cpu',
      title: `${title}: processor time an image in batches, all threads`,
      unit: 'ms',
      better: 'lower',
    },
    { id: 'data/images/open', title: `${title}: read, hashed and decoded`, unit: 'images / s', better: 'higher' },
  ];
  const folder = settings.folders.empty();
  const loader = (engine: string, alone: boolean): Contender =>
    worker(engine, async () => ({ ...common(settings), task: 'images', folder: await folder, images: IMAGES, alone }));
  const theirs = torch('PyTorch ImageFolder and DataLoader', settings, {
    only: 'images',
    flags: async () => ['--images', await folder],
    read: (result) => {
      const absent = { status: 'absent', reason: 'no torchvision: pip install torchvision' } as const;
      const given = (key: string) => (typeof result[key] === 'number' ? result[key] : absent);
      return { values: { 'data/images/batches': given('images_per_s'), 'data/images/cpu': given('cpu_ms_per_image') } };
    },
  });
  return { rows, contenders: [loader(OURS, false), loader('sharp alone', true), theirs] };
}

/** A folder of more images than are kept in memory: what of each stays there. */
export function manyImages(settings: Settings): Benchmark {
  const images = settings.quick ? MANY_IMAGES / 20 : MANY_IMAGES;
  const title = `${images.toLocaleString('en-US')} PNG files, 8 x 8, pixels not kept`;
  const rows: Row[] = [
    { id: 'data/many-images/kept', title: `${title}: memory of an opened image`, unit: 'bytes', better: 'lower' },
    { id: 'data/many-images/peak', title: `${title}: opened, peak resident memory`, unit: 'MB', better: 'lower' },
    {
      id: 'data/many-images/epoch',
      title: `${title}: after an epoch, peak resident memory`,
      unit: 'MB',
      better: 'lower',
    },
  ];
  const folder = settings.folders.empty();
  const loader = worker(OURS, async () => ({ ...common(settings), task: 'many-images', folder: await folder, images }));
  return { rows, contenders: [loader] };
}

/** A latent model served by Chromium and by Node: the calls of {@link BROWSER_TASKS}. */
export function browserServing(recipe: string, settings: Settings): Benchmark {
  const { folders, threads, budgetMs } = settings;
  const timed = BROWSER_TASKS[recipe]!.map(({ row, ...timed }) => ({
    ...timed,
    row: { ...row, id: `${recipe}/browser/${row.id}` },
  }));
  const tasks = Object.fromEntries(timed.map(({ row, task }) => [row.id, task]));
  const run = () => folders.run(recipe, threads, { saveStep: true });
  const page = (engine: string, device: 'wasm' | 'webgpu', threads: number): Contender =>
    inChromium(engine, { device, threads, tasks, run, budgetMs });
  const contenders = [
    worker(`${OURS}, Node cpu`, async () => ({ ...common(settings), task: 'serve', run: await run(), tasks })),
    ...(threads > 1 ? [page('Chromium wasm, isolated page', 'wasm', threads)] : []),
    page(CHROMIUM_WASM, 'wasm', 1),
    page('Chromium webgpu, in software', 'webgpu', 1),
  ];
  return { rows: timed.map(({ row }) => ({ ...row, title: `${recipe}: ${row.title}` })), contenders };
}

function common({ threads, budgetMs, clock }: Settings): Pick<Settings, 'threads' | 'budgetMs' | 'clock'> {
  return { threads, budgetMs, clock };
}
