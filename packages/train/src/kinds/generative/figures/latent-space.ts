import type { GenerativeKind, GenerativeModel, Random } from '@onnx-forge/infer';
import { gather } from '../../../data/batches.js';
import { aboutRun } from '../../../figures/about-run.js';
import type { Figure, FigureContext } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

/** For some pairs, the way from b to a in latent space above the cross-fade in data space: alpha = 0, 0.1 .. 1. */
export const interpolation: Figure<GenerativeKind> = async (context) => {
  const { model } = context;
  const pairs = 3;
  const z = await latentVectors(context, 2 * pairs);
  const [a, b] = [z.slice(0, pairs), z.slice(pairs)];
  const latent = await model.interpolate(a, b, { space: 'latent' });
  const data = await model.interpolate(a, b, { space: 'data' });
  const columns = latent.alphas.length;
  const [above, below] = [latent, data].map(({ images }) => rowsOf(images.data, pairs * columns));
  const row = (rows: Float32Array[], pair: number) => rows.slice(pair * columns, (pair + 1) * columns);
  const cells = Array.from({ length: pairs }, (_, pair) => [...row(above!, pair), ...row(below!, pair)]).flat();
  return figureGrid(cells, model.manifest.serve.image, {
    columns,
    rowLabels: Array.from({ length: pairs }, () => ['latent', 'data']).flat(),
    columnLabels: latent.alphas.map((alpha) => alpha.toFixed(1)),
    title: 'Interpolation in latent and in data space, by alpha',
    subtitle: aboutRun(context, `${pairs} pairs`),
  });
};

/** z + epsilon e_i for the most and the least active dimensions i, with the mean absolute change of a pixel. */
export const perturbation: Figure<GenerativeKind> = async (context) => {
  const { model } = context;
  const points = 16;
  const z = await latentVectors(context, points);
  // What a dimension does is measured over several images and shown on the first.
  const { change } = await model.perturb(z, { epsilon: [-3, 3] });
  const order = Array.from(change.keys()).sort((one, other) => change[other]! - change[one]!);
  const shown = order.length <= 10 ? order : [...order.slice(0, 5), ...order.slice(-5)];
  const epsilon = [-3, -2, -1, 0, 1, 2, 3];
  const { images } = await model.perturb(z.slice(0, 1), { epsilon, dims: shown });
  return figureGrid(images.data, model.manifest.serve.image, {
    columns: epsilon.length,
    rowLabels: shown.map((dim) => `z${dim}: ${change[dim]!.toFixed(4)}`),
    columnLabels: epsilon.map((value) => `${value}`),
    title: 'Most and least active dimensions, with their mean change per pixel',
    subtitle: aboutRun(context, `z + epsilon e; change over ${points} points, epsilon -3 and 3`),
  });
};

/** Where to stand in latent space: posterior means of test images where there is an encoder, else prior samples. */
async function latentVectors(
  { model, data, random }: FigureContext<GenerativeKind>,
  count: number,
): Promise<Float32Array[]> {
  if (model.kind === 'latent') {
    const { test } = data.splits;
    const chosen = Array.from({ length: count }, () => random.integer(test.size));
    const { mu } = await model.encode(gather(test, 'x', chosen) as Float32Array);
    return rowsOf(mu.data, count);
  }
  return rowsOf(priorVectors(model, count, random), count);
}

function priorVectors(model: GenerativeModel, count: number, random: Random): Float32Array {
  const { latentDim, prior } = model.manifest.serve;
  const z = new Float32Array(count * latentDim);
  return prior === 'uniform' ? random.fillUniform(z, -1, 1) : random.fillNormal(z);
}
