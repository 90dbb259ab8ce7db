import { aboutRun } from '../../../figures/about-run.js';
import type { Figure } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

/** Ten draws from the prior: the distribution p(x|z), as its mean, and one sample of it. */
export const dataSpace: Figure<'latent'> = async (context) => {
  const { model, random } = context;
  const count = 10;
  const { images } = await model.sample(count, { seed: random.integer(2 ** 31) });
  const means = rowsOf(images.data, count);
  const cells = means.flatMap((mean) => [mean, mean.map((p) => Number(random.uniform() < p))]);
  return figureGrid(cells, model.manifest.serve.image, {
    ...{ columns: 2, side: 84, columnLabels: ['p(x|z)', 'sample'] },
    title: 'p(x|z) and a sample of it',
    subtitle: aboutRun(context, `${count} draws of z`),
  });
};
