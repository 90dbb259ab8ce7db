import type { GenerativeKind } from '@onnx-forge/infer';
import { aboutRun, counted } from '../../../figures/about-run.js';
import type { Figure, Snapshot } from '../../../figures/figure.js';
import { figureGrid, type Mosaic, mosaic, rowsOf } from '../../../figures/images.js';

/** 64 samples of the trained model. */
export const samples: Figure<GenerativeKind> = async (context) => {
  const { model, random } = context;
  const { steps } = model.manifest;
  const { images } = await model.sample(64, { seed: random.integer(2 ** 31) });
  return figureGrid(images.data, model.manifest.serve.image, {
    columns: 8,
    title: 'Samples',
    subtitle: aboutRun(context, `64 after ${counted(steps)} iterations`),
  });
};

/** Samples from the same noise at several points of training, one row each; nothing for a run without snapshots. */
export const progress: Figure<GenerativeKind> = (context) => {
  const { model, snapshots } = context;
  if (snapshots.length === 0) return [];
  const columns = 16;
  const chosen = spread(snapshots, 10);
  const rows = chosen.map(({ images, count }) => rowsOf(images, count).slice(0, columns));
  const rowLabels = chosen.map(pointOfTraining);
  const title = 'Samples from the same noise as training goes on';
  return figureGrid(rows.flat(), model.manifest.serve.image, {
    ...{ columns, rowLabels, title },
    subtitle: aboutRun(context, `${columns} draws of z`),
  });
};

/** Every snapshot as a grid of its own, `snapshots-step-250.png`. */
export const snapshots: Figure<GenerativeKind> = (context) =>
  context.snapshots.map((snapshot) => ({
    ...figureGrid(snapshot.images, context.model.manifest.serve.image, {
      columns: 8,
      title: `Samples, ${pointOfTraining(snapshot)}`,
      subtitle: aboutRun(context, `${snapshot.count} draws of z`),
    }),
    part: `step-${snapshot.step}`,
  }));

/** The snapshots' grids beside each other, from the same noise; nothing for a run without snapshots. */
export const grids: Figure<GenerativeKind> = (context) => {
  const { model, snapshots } = context;
  if (snapshots.length === 0) return [];
  const { image } = model.manifest.serve;
  const chosen = spread(snapshots, 4);
  const mosaics = chosen.map((snapshot) => mosaic(rowsOf(snapshot.images, snapshot.count), image));
  const [{ height, width }] = mosaics as [Mosaic, ...Mosaic[]];
  return figureGrid(
    mosaics.map(({ pixels }) => pixels),
    { ...image, height, width },
    {
      columns: chosen.length,
      side: height,
      padding: 12,
      columnLabels: chosen.map(pointOfTraining),
      title: 'Samples from the same noise as training goes on',
      subtitle: aboutRun(context, `${chosen[0]!.count} draws of z`),
    },
  );
};

function pointOfTraining({ step, epoch }: Snapshot): string {
  if (step === 0) return 'before training';
  return Number.isInteger(epoch) ? `epoch ${epoch}` : `step ${step.toLocaleString('en')}`;
}

/** At most `count` of them, the first and the last among them. */
function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.round((index * (all.length - 1)) / (count - 1))]!);
}
