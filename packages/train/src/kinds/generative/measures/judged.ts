import { type ClassifierModel, type GenerativeKind, type ImageEntry, Random } from '@onnx-forge/infer';
import type { SplitName } from '../../../data/data-set.js';
import { fractionRight, worstFractionRight } from '../../../measures/classified.js';
import { featureStatistics, frechetDistance } from '../../../measures/frechet-distance.js';
import type { Measure, Measurement } from '../../../measures/measure.js';
import { measuredFraction } from '../../../measures/measured-fraction.js';
import { precisionRecall } from '../../../measures/precision-recall.js';
import { spreadImages } from '../../../measures/spread.js';

/** Samples that are judged, and as many real images. */
const EXAMPLES = 10_000;
/** For precision and recall, whose cost is quadratic. */
const NEIGHBOURHOOD_EXAMPLES = 2_500;
/** Fewer have no third neighbour, of which precision and recall are made. */
const LEAST_EXAMPLES = 4;
/** A sample counts as a clear digit when one class has more probability than this. */
const CONFIDENT = 0.9;

/** Images that a judge compares. They are rows in the range of `image`. */
export interface JudgedImages {
  readonly image: ImageEntry;
  readonly samples: Float32Array;
  /** The class that each sample was to be of, for a conditional model. */
  readonly labels?: ArrayLike<number>;
  readonly real: Float32Array;
  /** Other real images: their distance to `real` is what a perfect model would reach. */
  readonly otherReal: Float32Array;
  readonly split: SplitName;
}

/** @deprecated {@link JudgedImages} */
export type Exhibits = JudgedImages;

/**
 * Samples of a generative model as a trained classifier sees them: how many it reads with confidence > 0.9, how evenly
 * the classes come, and in its feature space the Frechet distance, precision and recall to the split's images. Beside
 * the Frechet distance stand that of real images of another split (the floor) and that of uniform noise. Splits of fewer than
 * four images are not judged, which is said.
 */
export const judged: Measure<GenerativeKind> = async (model, { splits }, request) => {
  const { split, seed, judge, onProgress, onNotice } = request;
  const { image } = model.manifest.serve;
  const judging = await judge?.(image);
  if (judging === undefined) return [];
  const otherName: SplitName = split === 'validation' ? 'test' : 'validation';
  const other = splits[otherName];
  const small = ([split, otherName] as const).find((name) => splits[name].size < LEAST_EXAMPLES);
  if (small) {
    const { size } = splits[small];
    onNotice?.(
      `samples are not judged: the ${small} split has ${size} images, and ${LEAST_EXAMPLES} at least are needed`,
    );
    return [];
  }
  onProgress?.('samples, as the judge reads them', 0);
  const examples = Math.min(EXAMPLES, splits[split].size);
  const { images } = await model.sample(examples, { seed });
  // A conditional model makes all classes in turn.
  const count = model.kind === 'conditional' ? model.manifest.serve.classes.length : undefined;
  const labels = count === undefined ? {} : { labels: Int32Array.from({ length: examples }, (_, row) => row % count) };
  const judgedImages = { image, samples: images.data, ...labels, real: spreadImages(splits[split], examples), split };
  return judgeImages(judging, { ...judgedImages, otherReal: spreadImages(other, examples) }, seed);
};

/** See {@link judged}; with labels also the fraction of the samples that the judge gives the class they were made for. */
export async function judgeImages(
  judge: ClassifierModel,
  judgedImages: JudgedImages,
  seed: number,
): Promise<Measurement[]> {
  const { image, samples, labels, real, otherReal, split } = judgedImages;
  const look = (images: Float32Array) => judge.classify(inRange(images, image, judge.manifest.serve.image));
  const [ofSamples, ofReal, ofOther] = [await look(samples), await look(real), await look(otherReal)];
  const noise = new Random(seed).fork('noise').fillUniform(new Float32Array(real.length), ...image.range);
  const ofNoise = await look(noise);

  const { featureDim, classes } = judge.manifest.serve;
  const statistics = featureStatistics(ofReal.features.data, featureDim);
  const distance = ({ features }: typeof ofReal) =>
    frechetDistance(featureStatistics(features.data, featureDim), statistics);
  const near = ({ features }: typeof ofReal) => features.data.subarray(0, NEIGHBOURHOOD_EXAMPLES * featureDim);
  const { precision, recall } = precisionRecall(near(ofReal), near(ofSamples), featureDim);

  const examples = ofSamples.labels.length;
  const shares = classes.map((_, label) => ofSamples.labels.filter((found) => found === label).length / examples);
  const confident = ofSamples.confidences.filter((value) => value > CONFIDENT).length / examples;
  const { model: name, data, seed: judgeSeed } = judge.manifest;
  const about = { split, examples, judge: `${name} on ${data.name}, seed ${judgeSeed}` };
  const part = { ...about, unit: 'fraction' };
  const squared = { ...about, unit: 'features^2' };
  const compared = { ...part, examples: Math.min(NEIGHBOURHOOD_EXAMPLES, examples) };
  return [
    measuredFraction('confidentSamples', confident, about),
    ...(labels ? agreement(labels, ofSamples.labels, classes.length, about) : []),
    // A class counts as present from one sample in a hundred on.
    { name: 'classesPresent', value: shares.filter((share) => share >= 0.01).length, ...about, unit: 'classes' },
    { name: 'rarestClass', value: Math.min(...shares), ...part },
    { name: 'commonestClass', value: Math.max(...shares), ...part },
    { name: 'frechetDistance', value: distance(ofSamples), ...squared },
    { name: 'frechetDistanceOfReal', value: distance(ofOther), ...squared },
    { name: 'frechetDistanceOfNoise', value: distance(ofNoise), ...squared },
    { name: 'precision', value: precision, ...compared },
    { name: 'recall', value: recall, ...compared },
  ];
}

/** Part of the samples that are read as what they were to be, in all and for the class that does worst. */
function agreement(
  wanted: ArrayLike<number>,
  found: Int32Array,
  classes: number,
  about: Pick<Measurement, 'split' | 'examples' | 'judge'>,
): Measurement[] {
  return [
    measuredFraction('labelAgreement', fractionRight(found, wanted), about),
    { name: 'worstLabelAgreement', value: worstFractionRight(found, wanted, classes), unit: 'fraction', ...about },
  ];
}

/** Images from one range to another; rounding must not leave the range. */
function inRange(images: Float32Array, from: ImageEntry, to: ImageEntry): Float32Array {
  const [[low, high], [toLow, toHigh]] = [from.range, to.range];
  const scale = (toHigh - toLow) / (high - low);
  return images.map((value) => Math.min(toHigh, Math.max(toLow, toLow + scale * (value - low))));
}
