import { recipeOptions } from '@onnx-forge/train';
import type { Benchmark, Contender } from './benchmark.js';
import { numberOf, type TorchBenchmark, torch } from './contenders/torch.js';
import { worker } from './contenders/worker.js';
import { recipeNamed } from './recipes.js';
import type { Row } from './report/result.js';
import type { RunFolders } from './runFolders.js';
import type { StepEngine } from './worker/protocol.js';

/** How this project's engine is called in every row. */
const OURS = 'onnx-forge';

/** The estimate of log p(x) that is timed: draws per image, images of the test set. */
const SAMPLES = 200;
const TEST_IMAGES = 10_000;

export interface Settings {
  readonly threads: number;
  readonly python: string;
  readonly quick: boolean;
  /** Milliseconds that a row may take an engine in a round. */
  readonly budgetMs: number;
  readonly folders: RunFolders;
}

/** The steps of a recipe in torch_peer.py, by recipe: the key of each row, and switches that may make PyTorch faster. */
const TORCH_STEPS: Readonly<Record<string, { keys: Readonly<Record<string, string>>; faster: string }>> = {
  vae: { keys: { elbo: 'vae_step_ms' }, faster: '--fused-adam' },
  'vae-2d': { keys: { elbo: 'vae_2d_step_ms' }, faster: '--fused-adam' },
  'vae-mlp': { keys: { elbo: 'vae_mlp_step_ms' }, faster: '--fused-adam' },
  'vae-conv': { keys: { elbo: 'vae_conv_step_ms' }, faster: '--channels-last' },
  cvae: { keys: { elbo: 'cvae_step_ms' }, faster: '--fused-adam' },
  gan: { keys: { discriminator: 'gan_d_step_ms', generator: 'gan_g_step_ms' }, faster: '--channels-last' },
  'wgan-lp': {
    keys: { critic: 'wgan_lp_critic_step_ms', generator: 'wgan_lp_g_step_ms' },
    faster: '--channels-last',
  },
  classifier: { keys: { classify: 'classifier_step_ms' }, faster: '--channels-last' },
  dcgan: { keys: { discriminator: 'dcgan_d_step_ms', generator: 'dcgan_g_step_ms' }, faster: '--channels-last' },
};

/** Training steps: needs nothing of a recipe but its name; a PyTorch peer is a line in {@link TORCH_STEPS}. */
export async function trainingSteps(name: string, settings: Settings): Promise<Benchmark> {
  const recipe = await recipeNamed(name);
  const { batchSize } = recipeOptions(recipe);
  const rows = Object.keys(recipe.steps).map(
    (step): Row => ({
      id: `${name}/step/${step}`,
      title: `${name}: ${step} step, batch ${batchSize}`,
      unit: 'ms',
      better: 'lower',
    }),
  );
  const on = (label: string, engine: StepEngine): Contender =>
    worker(label, () => ({ ...common(settings), task: 'steps', recipe: name, engine }));
  const contenders = [on(OURS, 'compiled'), on('tfjs wasm', 'wasm'), on('tfjs tensorflow', 'tensorflow')];
  if (!settings.quick) contenders.push(on('tfjs cpu', 'cpu'));
  return { rows, contenders: [...contenders, ...torchSteps(name, settings)] };
}

function torchSteps(recipe: string, { quick, ...options }: Settings): Contender[] {
  const peer = TORCH_STEPS[recipe];
  if (peer === undefined) return [];
  const benchmark = (flags: readonly string[]): TorchBenchmark => ({
    only: recipe,
    flags,
    read: (result) => {
      const values = Object.entries(peer.keys).map(([step, key]) => [`${recipe}/step/${step}`, numberOf(result, key)]);
      return { values: Object.fromEntries(values) };
    },
  });
  const standard = torch('PyTorch', options, benchmark([]));
  return quick ? [standard] : [standard, torch(`PyTorch ${peer.faster}`, options, benchmark([peer.faster]))];
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

function common({ threads, budgetMs }: Settings): { threads: number; budgetMs: number } {
  return { threads, budgetMs };
}
