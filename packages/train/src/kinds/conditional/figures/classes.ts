import { Random } from '@onnx-forge/infer';
import { aboutRun } from '../../../figures/about-run.js';
import type { Figure } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

/** One sample of each class, in the order of their numbers, every z its own. */
export const classStrip: Figure<'conditional'> = async (context) => {
  const { model, random } = context;
  const { classes, image } = model.manifest.serve;
  const { images } = await model.sample(classes.length, { seed: random.integer(2 ** 31) });
  return figureGrid(images.data, image, {
    ...{ columns: classes.length, columnLabels: classes },
    title: 'A sample of each class',
    subtitle: aboutRun(context, 'a draw of z each'),
  });
};

/** Ten draws of z, one a row, under every class: a row has one style. */
export const classGrid: Figure<'conditional'> = async (context) => {
  const { model, random } = context;
  const { classes, image, latentDim } = model.manifest.serve;
  const rows = 10;
  const styles = new Random(random.uint32()).fillNormal(new Float32Array(rows * latentDim));
  const z = rowsOf(styles, rows).flatMap((style) => classes.map(() => style));
  const labels = z.map((_, cell) => cell % classes.length);
  const { data } = await model.decode(z, labels);
  return figureGrid(rowsOf(data, z.length), image, {
    columns: classes.length,
    columnLabels: classes,
    title: 'The same z in each row, another class in each column',
    subtitle: aboutRun(context, `${rows} draws of z`),
  });
};
