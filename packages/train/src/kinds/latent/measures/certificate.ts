import { type AnnealingSettings, type LatentModel, type ModelOf, paretoKThreshold } from '@onnx-forge/infer';
import type { Split, SplitName } from '../../../data/data-set.js';
import type { Measure, Measurement, MeasureRequest } from '../../../measures/measure.js';
import { spreadImages } from '../../../measures/spread.js';
import { hasLayers, workOn } from './bounds.js';
import { weightsReliability } from './weights-reliability.js';

/** Sizes of a certificate; whatever is left out has its default. */
export interface CertificateOptions {
  /** Importance samples per example. Default 1,000. */
  readonly samples?: number | undefined;
  /** Examples of the K-sample bound and of the active units. Default 1,000. */
  readonly examples?: number | undefined;
  /** Images that are annealed, and as many that the model makes. Default 50. */
  readonly annealed?: number | undefined;
  /** Densities that annealing goes through. Default 1,000. */
  readonly steps?: number | undefined;
  /** Chains per image. Default 4. */
  readonly chains?: number | undefined;
  /** Images that are compressed. Default 1,000. */
  readonly compressed?: number | undefined;
}

/** A number of a certificate, and how it was got. */
export interface CertifiedMeasurement extends Measurement {
  /** Of images that the model made, not of the split's. */
  readonly simulated?: true;
  /** Settings that are no samples per example. */
  readonly method?: string;
}

/**
 * The likelihood of a variational autoencoder from several sides, in nats per image:
 *
 * - logLikelihood: the K-sample bound, with the k-hat of its weights, their effective sample size, and the active units
 * - annealedLogLikelihood: a lower bound by annealed importance sampling on some images, and annealedGain, by how much it is
 *   above the K-sample bound of the same images
 * - simulatedLower, simulatedUpper, simulatedGap: log p(x) between two bounds, of images that the model made
 * - codeLength: bits-back compression of some images, all bits counted, and netCodeLength, without the bits that the first image
 *   borrowed; beside it the ELBO of the same images, and by how much the two differ; decodedExactly, the fraction that came back
 */
export function certificate(options: CertificateOptions = {}): Measure<'latent'> {
  return async (model, { splits }, { split, ...request }) => {
    const of = { model, images: splits[split], split, request };
    return [...(await sampled(of, options)), ...(await annealed(of, options)), ...(await coded(of, options))];
  };
}

interface Certified {
  readonly model: ModelOf<'latent'>;
  readonly images: Split;
  readonly split: SplitName;
  readonly request: Omit<MeasureRequest, 'split'>;
}

async function sampled(
  { model, images, split, request }: Certified,
  { samples = 1000, examples: asked = 1000 }: CertificateOptions,
): Promise<CertifiedMeasurement[]> {
  const examples = Math.min(asked, images.size);
  const x = spreadImages(images, examples);
  const bound = await model.logLikelihood(x, { ...workOn('K-sample bound', request), samples });
  const units = await model.activeUnits(x);
  const about = { split, examples, samples };
  const size = bound.effectiveSampleSizes.reduce((sum, value) => sum + value, 0) / examples;
  const threshold = samples > 1 ? `k-hat above ${paretoKThreshold(samples).toFixed(2)}` : 'one weight has no k-hat';
  return [
    { name: 'logLikelihood', value: bound.mean, standardError: bound.standardError, unit: 'nats', ...about },
    ...weightsReliability(bound.paretoKs, about).map((one) =>
      one.name === 'unreliableWeights' ? { ...one, method: threshold } : one,
    ),
    { name: 'effectiveSampleSize', value: size, unit: 'samples', ...about },
    {
      ...{ name: 'activeUnits', value: units.count, unit: `of ${units.variances.length}`, split, examples },
      method: `variance of the posterior mean above ${units.threshold}`,
    },
  ];
}

async function annealed(
  { model, images, split, request }: Certified,
  { samples = 1000, annealed: asked = 50, steps = 1000, chains = 4 }: CertificateOptions,
): Promise<CertifiedMeasurement[]> {
  const examples = Math.min(asked, images.size);
  const x = spreadImages(images, examples);
  const settings = { steps, chains };
  const lower = await model.annealedLogLikelihood(x, { ...workOn('annealing', request), ...settings });
  const weighed = await model.logLikelihood(x, { ...workOn('K-sample bound, annealed images', request), samples });
  const gain = meanAndError(lower.values.map((value, i) => value - weighed.values[i]!));
  const between = await model.likelihoodSandwich(examples, {
    ...workOn('bounds from both sides', request),
    ...settings,
  });
  const about = { unit: 'nats', split, examples, samples: chains };
  const forwards = { ...about, method: methodOf(lower) };
  const both = { ...about, simulated: true, method: methodOf(between) } as const;
  return [
    { name: 'annealedLogLikelihood', value: lower.mean, standardError: lower.standardError, ...forwards },
    { name: 'annealedGain', ...gain, ...about, method: `${methodOf(lower)}, against K = ${samples}` },
    { name: 'simulatedLower', value: between.lower.mean, standardError: between.lower.standardError, ...both },
    { name: 'simulatedUpper', value: between.upper.mean, standardError: between.upper.standardError, ...both },
    { name: 'simulatedGap', value: between.gap.mean, standardError: between.gap.standardError, ...both },
  ];
}

function methodOf({ steps, leapfrog, from, acceptance }: AnnealingSettings & { readonly acceptance: number }): string {
  const start = from === 'posterior' ? 'q(z|x)' : 'p(z)';
  return `${steps} steps from ${start}, ${leapfrog} leapfrog, ${Math.round(100 * acceptance)} % accepted`;
}

/** z per image that the ELBO beside a code length is the mean of. */
const ELBO_SAMPLES = 10;

/** The posteriors of a model with layers: the ELBO and the code are not of the same one. */
const TWO_POSTERIORS = 'ELBO of q(z1|x) q(z2|z1), code by the Gaussian of encode';

async function coded(
  { model, images, split, request }: Certified,
  { compressed: asked = 1000 }: CertificateOptions,
): Promise<CertifiedMeasurement[]> {
  const examples = Math.min(asked, images.size);
  const x = spreadImages(images, examples);
  const { bytes, bits, borrowedBits, natsPerImage } = await model.compress(x, workOn('compressing', request));
  const exact = await decodedExactly(model, bytes, x, request);
  const elbo = await model.elbo(x, { ...workOn('ELBO, compressed images', request), samples: ELBO_SAMPLES });
  const about = { split, examples };
  const codeLength = (bits / examples) * Math.LN2;
  const method = `${bits} bits, ${borrowedBits} of them borrowed`;
  const posteriors = hasLayers(model) ? TWO_POSTERIORS : undefined;
  return [
    { name: 'codeLength', value: codeLength, unit: 'nats', ...about, method },
    { name: 'netCodeLength', value: natsPerImage, unit: 'nats', ...about, method },
    {
      ...{ name: 'codedElbo', value: elbo.mean, standardError: elbo.standardError, unit: 'nats' },
      ...{ ...about, samples: ELBO_SAMPLES },
      ...(posteriors && { method: posteriors }),
    },
    {
      name: 'codeExcess',
      value: codeLength / -elbo.mean - 1,
      unit: 'fraction',
      ...about,
      method: ['codeLength over -codedElbo', posteriors ?? []].flat().join(': '),
    },
    { name: 'decodedExactly', value: exact, unit: 'fraction', ...about },
  ];
}

async function decodedExactly(
  model: LatentModel,
  bytes: Uint8Array,
  x: Float32Array,
  request: Omit<MeasureRequest, 'split'>,
): Promise<number> {
  const { signal, onProgress } = workOn('decompressing', request);
  const { data, dims } = await model.decompress(bytes, { signal, onProgress });
  const [images, pixels] = dims as [number, number];
  const isExact = (image: number) =>
    data.subarray(image * pixels, (image + 1) * pixels).every((value, i) => value === x[image * pixels + i]);
  return Array.from({ length: images }, (_, image) => isExact(image)).filter(Boolean).length / images;
}

function meanAndError(values: Float64Array): { value: number; standardError: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { value: mean, standardError: Math.sqrt(squares / (values.length - 1) / values.length) };
}
