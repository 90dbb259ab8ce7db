import type { Figure } from '../../../figures/figure.js';
import { imageGrid, rowsOf } from '../../../figures/images.js';

/** Ten draws from the prior: the distribution p(x|z), as its mean, and one sample of it. */
export const dataSpace: Figure<'latent'> = async ({ model, random }) => {
  const count = 10;
  const { images } = await model.sample(count, { seed: random.integer(2 ** 31) });
  const means = rowsOf(images.data, count);
  const cells = means.flatMap((mean) => [mean, mean.map((p) => Number(random.uniform() < p))]);
  return imageGrid(cells, model.manifest.serve.image, { columns: 2, side: 84, columnLabels: ['p(x|z)', 'sample'] });
};
