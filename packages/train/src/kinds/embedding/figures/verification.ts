import { type Random, rowDissimilarity } from '@onnx-forge/infer';
import { lineChart, svgToPng } from '@onnx-forge/viz';
import { gather } from '../../../data/batches.js';
import type { Split } from '../../../data/data-set.js';
import { aboutRun, counted } from '../../../figures/about-run.js';
import type { Figure, FigureContext, FigureImage } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';
import { allPairs } from '../../../measures/pairs.js';
import { type Roc, rocCurve } from '../../../measures/roc.js';
import { embedSplit } from '../measures/verification.js';

/** Pairs of an anchor image in {@link pairRows}: as many of the same person as of others. */
const PAIRS = 10;

/** Points of a ROC curve that are drawn. */
const POINTS = 400;

/** Bars of a histogram. */
const BINS = 40;

/**
 * Pairs of images, an anchor above and another below, with their dissimilarity and whether they show the same: two
 * anchors with ten others each, of the training split and of the test split. A decision that the run's threshold gets
 * wrong is marked.
 */
export const pairRows: Figure<'embedding'> = async (context) => {
  const { data, random } = context;
  const parts = [];
  for (const part of ['train', 'test'] as const) {
    parts.push({ part, ...(await pairsOf(context, data.splits[part], part, random.fork(part))) });
  }
  return parts;
};

async function pairsOf(
  context: FigureContext<'embedding'>,
  split: Split,
  name: string,
  random: Random,
): Promise<FigureImage> {
  const { model } = context;
  const labels = gather(split, 'label', [...Array(split.size).keys()]);
  // Training may use an image several times; it is one image still.
  const images = split.fields.image ? gather(split, 'image', [...Array(split.size).keys()]) : [...labels.keys()];
  const order = Array.from(random.permutation(split.size));
  const anchors: number[] = [];
  for (const index of order) {
    if (anchors.length < 2 && anchors.every((anchor) => labels[anchor] !== labels[index])) anchors.push(index);
  }
  const pairs = anchors.flatMap((anchor) => {
    const seen = new Set([images[anchor]]);
    const others = order.filter((index) => !seen.has(images[index]!) && seen.add(images[index]!));
    const same = others.filter((index) => labels[index] === labels[anchor]).slice(0, PAIRS / 2);
    const different = others.filter((index) => labels[index] !== labels[anchor]).slice(0, PAIRS - same.length);
    return [...same, ...different].map((other) => ({ anchor, other, same: labels[other] === labels[anchor] }));
  });
  const { image, threshold } = model.manifest.serve;
  const pixels = (indices: readonly number[]) => gather(split, 'x', indices) as Float32Array;
  const above = pixels(pairs.map(({ anchor }) => anchor));
  const below = pixels(pairs.map(({ other }) => other));
  const found = rowDissimilarity(await model.embed(above), await model.embed(below), model.metric);
  const captions = pairs.map(({ same }, row) => {
    const wrong = threshold !== undefined && found[row]! <= threshold !== same;
    return `${same ? 'same' : 'different'} ${found[row]!.toFixed(2)}${wrong ? ' (!)' : ''}`;
  });
  const [upper, lower] = [rowsOf(above, pairs.length), rowsOf(below, pairs.length)];
  const cells = upper.map((anchor, row) => Float32Array.of(...anchor, ...lower[row]!));
  const limit = threshold === undefined ? '' : `; threshold ${threshold.toFixed(2)}, (!) where it decides wrongly`;
  return figureGrid(
    cells,
    { ...image, height: 2 * image.height },
    {
      columns: PAIRS,
      captions,
      title: `Dissimilarity of pairs, ${name} people${limit}`,
      subtitle: aboutRun(context, `${pairs.length} pairs`),
    },
  );
}

/** How the test split's pairs are told apart: the ROC curve, and where the distances of same and different pairs lie. */
export const separation: Figure<'embedding'> = async ({ model, data }) => {
  const { metric, threshold } = model.manifest.serve;
  const { vectors, labels } = await embedSplit(model, data.splits.test);
  const { same, different } = allPairs(vectors, labels, metric);
  const { manifest } = model;
  const counts = `${counted(same.length)} same and ${counted(different.length)} different pairs`;
  const subtitle = `${manifest.model}, test people of ${manifest.data.name}: ${counts}, seed ${manifest.seed}`;
  const distance = metric === 'euclidean' ? 'distance of the embeddings' : '1 - cosine of the embeddings';
  return [
    { part: 'roc', ...rocChart(rocCurve(same, different), subtitle) },
    { part: 'distances', ...histogram({ same, different }, threshold, distance, subtitle) },
  ];
};

function rocChart(roc: Roc, subtitle: string): FigureImage {
  const step = Math.max(1, Math.floor(roc.thresholds.length / POINTS));
  const shown = Array.from(roc.thresholds.keys()).filter((i) => i % step === 0);
  const { svg } = lineChart({
    title: `ROC curve: area ${roc.auc.toFixed(4)}`,
    subtitle,
    x: { label: 'false accepts, fraction of the different pairs', domain: [0, 1] },
    y: { label: 'true accepts, fraction of the same pairs', domain: [0, 1] },
    series: [
      {
        name: 'embedding',
        x: [0, ...shown.map((i) => roc.falseAccept[i]!), 1],
        y: [0, ...shown.map((i) => 1 - roc.falseReject[i]!), 1],
      },
    ],
    references: [{ label: 'chance', from: [0, 0], to: [1, 1] }],
  });
  return { svg, png: svgToPng(svg) };
}

/** The fraction of each sort's pairs in every bin, over the bins' middles. */
function histogram(
  pairs: Readonly<Record<'same' | 'different', Float64Array>>,
  threshold: number | undefined,
  label: string,
  subtitle: string,
): FigureImage {
  const largest = Math.max(
    ...[pairs.same, pairs.different].map((values) => values.reduce((a, b) => Math.max(a, b), 0)),
  );
  const width = largest / BINS || 1;
  const x = Array.from({ length: BINS }, (_, bin) => (bin + 0.5) * width);
  const parts = Object.entries(pairs).map(([name, values]) => {
    const y = Array<number>(BINS).fill(0);
    for (const value of values) y[Math.min(BINS - 1, Math.floor(value / width))]! += 100 / values.length;
    return { name, x, y };
  });
  const { svg } = lineChart({
    title: 'Distances of same and different pairs',
    subtitle,
    x: { label },
    y: { label: '% of the pairs of that sort' },
    series: parts,
    ...(threshold !== undefined && { references: [{ label: `threshold ${threshold.toFixed(2)}`, x: threshold }] }),
  });
  return { svg, png: svgToPng(svg) };
}
