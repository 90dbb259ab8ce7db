import type { Random } from '@onnx-forge/infer';
import { gather } from '../../../data/batches.js';
import type { Split } from '../../../data/data-set.js';
import { aboutRun } from '../../../figures/about-run.js';
import type { Figure } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

/**
 * Three ways from an image of one class to an image of another: the mean of p(x|z) at z = alpha mu_a + (1 - alpha) mu_b,
 * alpha = 0, 0.1 .. 1.
 */
export const classInterpolation: Figure<'latent'> = async (context) => {
  const { model, data, random } = context;
  const { train } = data.splits;
  const pairs = Array.from({ length: 3 }, () => twoOfDifferentClass(train, random));
  const images = (end: 0 | 1) =>
    gather(
      train,
      'x',
      pairs.map((pair) => pair[end]),
    ) as Float32Array;
  const [a, b] = [await model.encode(images(0)), await model.encode(images(1))];
  const way = await model.interpolate(a.mu, b.mu);
  const columns = way.alphas.length;
  const labels = pairs.map((pair) => gather(train, 'label', pair));
  return figureGrid(rowsOf(way.images.data, pairs.length * columns), model.manifest.serve.image, {
    columns,
    rowLabels: labels.map(([classA, classB]) => `${classB} to ${classA}`),
    columnLabels: way.alphas.map((alpha) => alpha.toFixed(1)),
    title: 'From one class to another, by alpha',
    subtitle: aboutRun(context, `${pairs.length} pairs of training images`),
  });
};

/** Indices of two random examples. */
function twoOfDifferentClass(split: Split, random: Random): [number, number] {
  const first = random.integer(split.size);
  const [label] = gather(split, 'label', [first]);
  // Each draw succeeds with probability 0.9 where there are ten classes.
  for (let attempt = 0; attempt < 1000; attempt++) {
    const second = random.integer(split.size);
    if (gather(split, 'label', [second])[0] !== label) return [first, second];
  }
  throw new RangeError('the training images are all of one class: there is no way to another');
}
