import { scatterPlot, svgToPng } from '@onnx-forge/viz';
import { gather } from '../../../data/batches.js';
import { aboutRun, counted } from '../../../figures/about-run.js';
import type { Figure } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

/** Points of a scatter plot; more would hide one another. */
const POINTS = 10_000;

/** Where the training images lie in a two-dimensional latent space: the mean of q(z|x), coloured by class. */
export const latentScatter: Figure<'latent'> = async (context) => {
  const { model, data } = context;
  const { train } = data.splits;
  const count = Math.min(POINTS, train.size);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * train.size) / count));
  const labels = gather(train, 'label', chosen);
  const { mu } = await model.encode(gather(train, 'x', chosen) as Float32Array);
  const classes = [...new Set(labels)].sort((one, other) => one - other);
  const series = classes.map((label) => {
    const members = chosen.map((_, row) => row).filter((row) => labels[row] === label);
    const along = (axis: number) => members.map((row) => mu.data[2 * row + axis]!);
    return { name: `${label}`, x: along(0), y: along(1) };
  });
  const [along1, along2] = axesOf(mu.data);
  const { svg } = scatterPlot({
    title: 'The training images in latent space, by class',
    subtitle: aboutRun(context, `mean of q(z|x) of ${counted(count)} images`),
    x: { label: 'z1', domain: along1! },
    y: { label: 'z2', domain: along2! },
    series,
    width: 640,
    height: 600,
  });
  return { svg, png: svgToPng(svg) };
};

/** The ends of both axes, equally long: distances mean the same in every direction. */
function axesOf(points: Float32Array): [number, number][] {
  const ends = [0, 1].map((axis) => {
    const values = points.filter((_, i) => i % 2 === axis);
    const [low, high] = [Math.min, Math.max].map((pick) => values.reduce((a, b) => pick(a, b)));
    return { middle: (low! + high!) / 2, half: (high! - low!) / 2 };
  });
  const half = Math.max(1, ...ends.map((end) => end.half)) * 1.05;
  return ends.map(({ middle }) => [middle - half, middle + half]);
}

/**
 * The images of a two-dimensional latent space: the mean of p(x|z) at the quantiles of the prior, so that every image
 * stands for as much of it (Kingma & Welling 2014, figure 4).
 */
export const manifold: Figure<'latent'> = async (context) => {
  const { model } = context;
  const side = 20;
  const quantiles = normalQuantiles(side);
  // z2 grows upwards, as on paper.
  const rows = [...quantiles].reverse().flatMap((z2) => quantiles.flatMap((z1) => [z1, z2]));
  const { data } = await model.decode(Float32Array.from(rows));
  const { image } = model.manifest.serve;
  // Every other one, for want of room.
  const labels = quantiles.map((z, i) => (i % 2 === 0 ? z.toFixed(1) : ''));
  return figureGrid(rowsOf(data, side * side), image, {
    ...{ columns: side, side: 28, columnLabels: labels, rowLabels: [...labels].reverse() },
    title: 'p(x|z) over the latent space: z1 to the right, z2 upwards',
    subtitle: aboutRun(context, `${side} x ${side} quantiles of the prior`),
  });
};

/** The quantiles (i + 1/2) / count of N(0, 1), by adding up its density. */
export function normalQuantiles(count: number): number[] {
  const step = 1e-4;
  const quantiles: number[] = [];
  let mass = 0;
  for (let z = -8; quantiles.length < count; z += step) {
    mass += (step * Math.exp(-((z + step / 2) ** 2) / 2)) / Math.sqrt(2 * Math.PI);
    while (quantiles.length < count && mass >= (quantiles.length + 0.5) / count) quantiles.push(z + step);
  }
  return quantiles;
}
