import type { GenerativeKind } from '@onnx-forge/infer';
import type { Figure, Snapshot } from '../../../figures/figure.js';
import { imageGrid, rowsOf } from '../../../figures/images.js';

/** 64 samples of the trained model. */
export const samples: Figure<GenerativeKind> = async ({ model, random }) => {
  const { images } = await model.sample(64, { seed: random.integer(2 ** 31) });
  return imageGrid(images.data, model.manifest.serve.image, { columns: 8 });
};

/** Samples from the same noise at several points of training, one row each; nothing for a run without snapshots. */
export const progress: Figure<GenerativeKind> = ({ model, snapshots }) => {
  if (snapshots.length === 0) return [];
  const columns = 16;
  const chosen = spread(snapshots, 10);
  const rows = chosen.map(({ images, count }) => rowsOf(images, count).slice(0, columns));
  const rowLabels = chosen.map(pointOfTraining);
  const title = 'Samples from the same noise as training goes on';
  return imageGrid(rows.flat(), model.manifest.serve.image, { columns, rowLabels, title });
};

/** Every snapshot as a grid of its own, `snapshots-step-250.png`. */
export const snapshots: Figure<GenerativeKind> = ({ model, snapshots: taken }) =>
  taken.map((snapshot) => ({
    ...imageGrid(snapshot.images, model.manifest.serve.image, { columns: 8, title: pointOfTraining(snapshot) }),
    part: `step-${snapshot.step}`,
  }));

function pointOfTraining({ step, epoch }: Snapshot): string {
  if (step === 0) return 'before training';
  return Number.isInteger(epoch) ? `epoch ${epoch}` : `step ${step.toLocaleString('en')}`;
}

/** At most `count` of them, the first and the last among them. */
function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.round((index * (all.length - 1)) / (count - 1))]!);
}
