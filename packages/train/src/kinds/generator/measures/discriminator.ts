import type { Measure } from '../../../measures/measure.js';
import { spreadImages } from '../../../measures/spread.js';

/**
 * How well the discriminator tells test images from samples: the mean probability that it gives either to be real, and
 * the fraction of both that it classifies correctly. A perfect generator leaves it at 1/2.
 */
export const discriminatorAccuracy: Measure<'generator'> = async (model, { splits }, { split, seed }) => {
  const examples = Math.min(1000, splits[split].size);
  const real = await model.score(spreadImages(splits[split], examples));
  const { images } = await model.sample(examples, { seed });
  const fake = await model.score(images);
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));
  const right = [...real].filter((logit) => logit > 0).length + [...fake].filter((logit) => logit <= 0).length;
  const about = { split, examples };
  return [
    { name: 'discriminatorReal', value: mean(Array.from(real, sigmoid)), unit: 'probability', ...about },
    { name: 'discriminatorFake', value: mean(Array.from(fake, sigmoid)), unit: 'probability', ...about },
    { name: 'discriminatorAccuracy', value: right / (2 * examples), unit: 'fraction', ...about },
  ];
};
