import {
  type ConditionalModel,
  type Float32Tensor,
  float32,
  type GeneratorModel,
  type ImageEntry,
  type LatentModel,
  MeanAndError,
  Random,
} from '@onnx-forge/infer';
import { z } from 'zod';
import { MicroBatcher } from '../micro-batcher.js';
import { imageBytes, imageGrid, imagesSchema, readImages } from './images.js';
import { type Answer, type OperationContext, type OperationLimits, type Operations, operation } from './operation.js';

type Generative = LatentModel | ConditionalModel | GeneratorModel;

const seed = z.int().default(1).describe('the same seed gives the same result');
const vector = (size: number) => z.array(z.number()).length(size);

/** Images of latent vectors, and the ways between them. A conditional model's classes are named in the request. */
export function generativeOperations(model: Generative, { examples, batch }: OperationLimits): Operations {
  const { latentDim, image } = model.manifest.serve;
  const classes = model.kind === 'conditional' ? model.manifest.serve.classes : undefined;
  const label = z.enum((classes ?? ['']) as [string, ...string[]]);
  const ofClass = classes === undefined ? {} : { label: label.describe('the class') };
  const labelsOf = (body: object, count: number) => {
    const given = (body as { label?: string }).label;
    return given === undefined ? {} : { labels: Array<number>(count).fill(classes!.indexOf(given)) };
  };
  const decoder = classes === undefined ? batchingDecoder(model as LatentModel | GeneratorModel, batch) : undefined;
  return {
    sample: operation({
      summary: 'Images of latent vectors drawn from the prior',
      body: z.strictObject({ count: z.int().min(1).max(examples).default(1), seed, ...ofClass }),
      answers: 'images: a list of bytes each, 0 to 255, row by row; as PNG: a grid of them',
      async run({ count, seed: chosen, ...rest }, { signal }): Promise<Answer> {
        if (decoder === undefined) {
          const drawn = await (model as ConditionalModel).sample(count, {
            seed: chosen,
            signal,
            ...labelsOf(rest, count),
          });
          return pictures(drawn.images, image);
        }
        const noise = drawnFromPrior(model, chosen, count);
        return pictures(float32(await decoder.add(noise), [count, image.height * image.width * image.channels]), image);
      },
    }),
    interpolate: operation({
      summary: 'The way from the image of one latent vector to that of another',
      body: z.strictObject({
        from: vector(latentDim),
        to: vector(latentDim),
        steps: z.int().min(2).max(examples).default(11).describe('images, both ends included'),
        space: z.enum(['latent', 'data']).default('latent').describe('what is mixed: vectors or pixels'),
        ...ofClass,
      }),
      answers: 'alphas: from 0 to 1; images: bytes of the image at each; as PNG: a row of them',
      async run({ from, to, steps, space, ...rest }, { signal }): Promise<Answer> {
        const options = { steps, space, signal, ...labelsOf(rest, 1) };
        const { alphas, images } = await model.interpolate([to], [from], options);
        return pictures(images, image, { alphas }, steps);
      },
    }),
    perturb: operation({
      summary: 'What each dimension of a latent vector does',
      body: z.strictObject({
        z: vector(latentDim),
        epsilon: z.array(z.number()).min(1).max(11).default([3]),
        dims: z
          .array(
            z
              .int()
              .min(0)
              .max(latentDim - 1),
          )
          .min(1)
          .max(examples)
          .optional(),
        ...ofClass,
      }),
      answers:
        'dims, epsilons, change of a pixel by dimension; images: bytes, dimension by dimension, epsilon by epsilon',
      async run({ z: given, epsilon, dims, ...rest }, { signal }): Promise<Answer> {
        const chosen = dims ?? Array.from({ length: Math.min(latentDim, examples) }, (_, i) => i);
        const options = { epsilon, dims: chosen, signal, ...labelsOf(rest, 1) };
        const { epsilons, images, change } = await model.perturb([given], options);
        return pictures(images, image, { dims: chosen, epsilons, change: [...change] }, epsilons.length);
      },
    }),
    ...(model.kind !== 'generator' && likelihood(model, examples)),
    ...(model.kind === 'generator' && {
      score: operation({
        summary: "The critic's or discriminator's score of images",
        body: z.strictObject({ images: imagesSchema(examples) }),
        answers: 'scores: a number for each image',
        async run({ images }, { signal }): Promise<Answer> {
          return { json: { scores: [...(await model.score(readImages(images, image), { signal }))] } };
        },
      }),
    }),
  };
}

/** log p(x), in parts as they are done. */
function likelihood(model: LatentModel | ConditionalModel, examples: number): Operations {
  const { image } = model.manifest.serve;
  const classes = model.kind === 'conditional' ? model.manifest.serve.classes : undefined;
  const labels = z.array(z.enum((classes ?? ['']) as [string, ...string[]])).describe('the class of each image');
  return {
    'log-likelihood': operation({
      summary: 'Importance-sampled log p(x) of images, in nats',
      body: z.strictObject({
        images: imagesSchema(examples),
        samples: z.int().min(1).max(5_000).default(200).describe('draws per image'),
        seed,
        ...(classes === undefined ? {} : { labels }),
      }),
      answers:
        'lines of JSON: start, values, errors, done, total for some images each; the last: mean, standardError, samples, seed',
      run({ images, samples, seed: chosen, ...rest }, { signal }: OperationContext): Answer {
        const x = readImages(images, image);
        const options = { samples, seed: chosen, batchSize: 5, signal };
        const given = (rest as { labels?: readonly string[] }).labels;
        const parts =
          model.kind === 'latent'
            ? model.logLikelihood.stream(x, options)
            : model.logLikelihood.stream(
                x,
                given!.map((name) => classes!.indexOf(name)),
                options,
              );
        return { lines: likelihoodLines(parts, { samples, seed: chosen }) };
      },
    }),
  };
}

async function* likelihoodLines(
  parts: ReturnType<LatentModel['logLikelihood']['stream']>,
  about: { readonly samples: number; readonly seed: number },
): AsyncGenerator<object> {
  const average = new MeanAndError();
  for await (const { start, values, errors, done, total } of parts) {
    for (const value of values) average.add(value);
    yield { start, values: [...values], errors: [...errors], done, total };
  }
  const { mean, standardError } = average;
  yield { mean, standardError, ...about };
}

function pictures(images: Float32Tensor, entry: ImageEntry, more: object = {}, columns?: number): Answer {
  return { json: { ...more, images: imageBytes(images, entry) }, png: () => imageGrid(images, entry, columns) };
}

/** The latent vectors that `model.sample` draws with this seed, [count, latentDim] flat. */
function drawnFromPrior({ manifest: { serve } }: Generative, seed: number, count: number): Float32Array {
  const z = new Float32Array(count * serve.latentDim);
  const random = new Random(seed);
  return serve.prior === 'uniform' ? random.fillUniform(z, -1, 1) : random.fillNormal(z);
}

/** z of several requests decoded in one call of the graph: [rows, latentDim] flat -> [rows, pixels] flat. */
function batchingDecoder(
  model: LatentModel | GeneratorModel,
  maxRows: number,
): MicroBatcher<Float32Array, Float32Array> {
  const { latentDim, image } = model.manifest.serve;
  const pixels = image.height * image.width * image.channels;
  const decode = async (z: Float32Tensor): Promise<Float32Tensor> =>
    model.kind === 'latent' ? model.decode(z) : (await model.generate(z)).images;
  const decodeAll = async (inputs: readonly Float32Array[]): Promise<Float32Array[]> => {
    const all = new Float32Array(inputs.reduce((length, noise) => length + noise.length, 0));
    const starts: number[] = [];
    let end = 0;
    for (const noise of inputs) {
      starts.push(end / latentDim);
      all.set(noise, end);
      end += noise.length;
    }
    const { data } = await decode(float32(all, [end / latentDim, latentDim]));
    return inputs.map(({ length }, i) =>
      data.subarray(starts[i]! * pixels, (starts[i]! + length / latentDim) * pixels),
    );
  };
  return new MicroBatcher(decodeAll, { maxSize: maxRows, sizeOf: ({ length }) => length / latentDim });
}
