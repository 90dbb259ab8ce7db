import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDataSet, train } from '@onnx-forge/train';
import type { DataSet } from '@onnx-forge/train/data';
import { subset } from '@onnx-forge/train/data';
import type { OptionValues } from '@onnx-forge/train/options';
import type { Space } from '@onnx-forge/train/sweep';
import { recipeNamed } from '../recipes.js';

/** The values that were trained, of each option; the searches also draw what lies between. */
export const GRID_AXES: Readonly<Record<string, readonly number[]>> = {
  learningRate: Array.from({ length: 8 }, (_, i) => 10 ** (-4 + (i * 2.5) / 7)),
  hiddenDim: [16, 45, 128],
  latentDim: [2, 6, 20],
};

/** The searched space, on logarithmic axes. */
export const GRID_SPACE: Space = {
  learningRate: { min: 1e-4, max: 10 ** -1.5, log: true },
  hiddenDim: { min: 16, max: 128, log: true, integer: true },
  latentDim: { min: 2, max: 20, log: true, integer: true },
};

const SEED = 1;
const BATCH_SIZE = 32;
const EXAMPLES = { train: 1_000, validation: 200 };
const EPOCHS = 3;

/** A recipe's target at every point of a grid: what searches are compared on without training again. */
export interface RecipeGrid {
  readonly about: string;
  /** In nats per image; the last option changes fastest. */
  readonly losses: readonly number[];
}

export const GRID_ABOUT: string =
  `vae on synthetic-digits+threshold, the first ${EXAMPLES.train} training and ${EXAMPLES.validation} validation images, ` +
  `batches of ${BATCH_SIZE}, ${EPOCHS} epochs, seed ${SEED}: negative validation ELBO after the last, one z per image`;

export const GRID_POINTS: number = Object.values(GRID_AXES).reduce((product, { length }) => product * length, 1);

function settingsAt(index: number): Record<string, number> {
  let rest = index;
  const entries = Object.entries(GRID_AXES).reverse();
  const settings = entries.map(([name, values]) => {
    const value = values[rest % values.length]!;
    rest = Math.floor(rest / values.length);
    return [name, value] as const;
  });
  return Object.fromEntries(settings);
}

/** The loss between the points of the grid: linear in the logarithm of each option. */
export function interpolated({ losses }: RecipeGrid, settings: OptionValues): number {
  const axes = Object.entries(GRID_AXES);
  const from = (axis: number, offset: number): number => {
    const entry = axes[axis];
    if (entry === undefined) return losses[offset]!;
    const [name, values] = entry;
    const value = Number(settings[name]);
    const below = Math.min(values.length - 2, Math.max(0, values.filter((one) => one <= value).length - 1));
    const [low, high] = [values[below]!, values[below + 1]!];
    const share = Math.min(1, Math.max(0, Math.log(value / low) / Math.log(high / low)));
    const next = offset * values.length + below;
    return (1 - share) * from(axis + 1, next) + share * from(axis + 1, next + 1);
  };
  return from(0, 0);
}

/** The images of the trainings: few, so that one takes about a second. */
export async function gridData(): Promise<DataSet> {
  const all = await loadDataSet('synthetic-digits+threshold');
  const cut = (name: 'train' | 'validation') => subset(all.splits[name], 0, EXAMPLES[name]);
  return { ...all, splits: { ...all.splits, train: cut('train'), validation: cut('validation') } };
}

/** Trains one point of the grid. */
export async function trainPoint(data: DataSet, index: number): Promise<number> {
  const recipe = await recipeNamed('vae');
  const out = await mkdtemp(join(tmpdir(), 'onnx-forge-grid-'));
  try {
    const set = { ...settingsAt(index), batchSize: BATCH_SIZE, epochs: EPOCHS };
    const { metrics } = await train({
      ...{ recipe, data, set, seed: SEED, out },
      ...{ force: true, evaluate: false, figures: false, device: 'cpu', threads: 1 },
    });
    return -metrics.elbo!;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
