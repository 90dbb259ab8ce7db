import type { GenerativeModel, ImageEntry, Interpolation, Perturbation } from '@onnx-forge/infer';
import type { TestExamples } from './examples.js';

/** Any model that makes images of latent vectors, seen the same way; a conditional one under a chosen class. */
export interface Generative {
  readonly latentDim: number;
  readonly image: ImageEntry;
  /** The span in which a latent dimension is worth looking at. */
  readonly span: readonly [low: number, high: number];
  /** z [n, latentDim] -> images [n, pixels]. */
  decode(z: Float32Array): Promise<Float32Array>;
  sample(count: number, seed: number): Promise<{ readonly z: Float32Array; readonly images: Float32Array }>;
  interpolate(a: Float32Array, b: Float32Array, space: 'latent' | 'data'): Promise<Interpolation>;
  perturb(z: Float32Array): Promise<Perturbation>;
  /** Where images [n, pixels] lie: the means of q(z|x), [n, latentDim]. Not there without an encoder. */
  readonly encode?: (images: Float32Array, labels: Int32Array | undefined) => Promise<Float32Array>;
}

/** @param label the class that a conditional model is asked for */
export function generative(model: GenerativeModel, label: number): Generative {
  const { latentDim, image, prior } = model.manifest.serve;
  const span = prior === 'uniform' ? ([-1, 1] as const) : ([-3, 3] as const);
  const common = { latentDim, image, span };
  const rows = (z: Float32Array) => ({ type: 'float32' as const, dims: [z.length / latentDim, latentDim], data: z });
  const labels = model.kind === 'conditional' ? { labels: label } : {};
  return {
    ...common,
    async decode(z) {
      if (model.kind === 'latent') return (await model.decode(rows(z))).data;
      if (model.kind === 'conditional') return (await model.decode(rows(z), label)).data;
      return (await model.generate(rows(z))).images.data;
    },
    async sample(count, seed) {
      const { z, images } = await model.sample(count, { seed, ...labels });
      return { z: z.data, images: images.data };
    },
    interpolate: (a, b, space) => model.interpolate(rows(a), rows(b), { space, ...labels }),
    perturb: (z) => model.perturb(rows(z), { epsilon: [span[0] / 2, span[1] / 2], ...labels }),
    ...(model.kind === 'latent' && { encode: async (x: Float32Array) => (await model.encode(x)).mu.data }),
    ...(model.kind === 'conditional' && {
      encode: async (x: Float32Array, given: Int32Array | undefined) =>
        (await model.encode(x, given ? Array.from(given) : label)).mu.data,
    }),
  };
}

/** Only black and white: what is drawn has to be rounded. */
export function isBinary({ manifest }: GenerativeModel): boolean {
  return manifest.serve.likelihood === 'bernoulli';
}

/** The examples from `from` on, at most `count`. */
export function some({ images, labels, count, texts }: TestExamples, from: number, most: number): TestExamples {
  const to = Math.min(count, from + most);
  const size = images.length / count;
  return {
    images: images.subarray(from * size, to * size),
    count: to - from,
    texts,
    ...(labels && { labels: labels.subarray(from, to) }),
  };
}
