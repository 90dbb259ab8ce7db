import { gather } from '../../../data/batches.js';
import { aboutRun, counted } from '../../../figures/about-run.js';
import type { Figure } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

/** Test images, the mean of p(x|z) at the mean of q(z|x), and again for a second row of images. */
export const reconstructions: Figure<'latent'> = async (context) => {
  const { model, data, random } = context;
  const columns = 12;
  const { test } = data.splits;
  // At random: a test file may be sorted by class.
  const chosen = Array.from({ length: 2 * columns }, () => random.integer(test.size));
  const x = gather(test, 'x', chosen) as Float32Array;
  const { mu } = await model.encode(x);
  const { data: decoded } = await model.decode(mu);
  const [originals, means] = [rowsOf(x, chosen.length), rowsOf(decoded, chosen.length)];
  const cells = [0, columns].flatMap((from) => [
    ...originals.slice(from, from + columns),
    ...means.slice(from, from + columns),
  ]);
  const rowLabels = ['x', 'decoded', 'x', 'decoded'];
  return figureGrid(cells, model.manifest.serve.image, {
    columns,
    rowLabels,
    title: 'Test images and their reconstructions',
    subtitle: aboutRun(context, `${chosen.length} of ${counted(test.size)} images`),
  });
};
