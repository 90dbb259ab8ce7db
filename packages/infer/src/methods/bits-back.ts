import type { Rows } from '../arrays/examples.js';
import { float32 } from '../arrays/tensor.js';
import { AnsCoder, type WordSource } from '../coding/ans.js';
import { popBit, pushBit } from '../coding/bernoulli.js';
import { type Compressed, decodeCompressed, encodeCompressed } from '../coding/compressed.js';
import { LatentBins } from '../coding/latent-bins.js';
import type { RunnableGraph } from '../device/types.js';
import { InputError } from '../errors.js';
import { Random } from '../random.js';
import { COUNT, checked } from '../value-rule.js';
import { checkNumbers, type Float32Tensor } from './rows.js';
import type { Work, WorkOptions } from './work.js';

export interface CompressOptions extends WorkOptions {
  /** Bits of each latent dimension's bins, 1 to 16. More lose less to rounding z, and borrow more at the start. Default 10. */
  readonly latentBits?: number | undefined;
  /** Of the random words that the first image borrows its bits from. Default 1. */
  readonly seed?: number | undefined;
}

/** Images in as many bits as the model needs for them. */
export interface CompressedImages {
  /** The file, for `decompress`. */
  readonly bytes: Uint8Array;
  readonly images: number;
  /** Bits of the message: the file without its header. Those borrowed are among them. */
  readonly bits: number;
  /** Bits that the first images borrowed: random ones here, of other data in use. They come back out when the images do. */
  readonly borrowedBits: number;
  /** (bits - borrowedBits) / images, in nats: what an image costs, on average minus the ELBO. */
  readonly natsPerImage: number;
}

/** The graphs that compress, and what they are. */
export interface CompressionGraphs {
  readonly latentDim: number;
  readonly pixels: number;
  /** x [1, pixels] -> mu, logVar [1, latentDim]. */
  readonly encode: RunnableGraph;
  /** z [1, latentDim] -> mean [1, pixels]. */
  readonly decode: RunnableGraph;
  /** sha256 of both, in hexadecimal, one after the other. */
  readonly hashes: string;
}

/**
 * Lossless compression of binary images by bits back with ANS (Townsend, Bird, Barber 2019): pop z from the message with
 * q(z|x), push x with p(x|z), push z with p(z). An image costs -log p(x|z) - log p(z) + log q(z|x), on average minus the ELBO.
 *
 * Both ways run the same graphs on one image at a time: decoding needs mu, sigma and the pixels' probabilities to the last
 * bit, and sums in float32 depend on the batch, the device, its threads and onnxruntime's version.
 *
 * @param x rows of 0 and 1
 */
export async function compress(
  work: Work,
  graphs: CompressionGraphs,
  x: Rows,
  { latentBits: asked, seed = 1, onProgress }: CompressOptions,
): Promise<CompressedImages> {
  const latentBits = checked('latentBits', asked ?? 10, COUNT);
  if (latentBits > 16) throw new InputError(`latentBits must be at most 16, not ${latentBits}`, { latentBits });
  requireBinary(x);
  const bins = new LatentBins(latentBits);
  const coder = new AnsCoder(randomWords(seed));
  const { latentDim, pixels } = graphs;
  for (let image = 0; image < x.count; image++) {
    const row = x.data.subarray(image * pixels, (image + 1) * pixels);
    const { mu, deviation } = await posterior(work, graphs, row);
    const z = Array.from({ length: latentDim }, (_, dim) => bins.pop(coder, mu[dim]!, deviation[dim]!));
    const mean = await probabilities(work, graphs, bins, z);
    for (let i = 0; i < pixels; i++) pushBit(coder, row[i]!, mean[i]!);
    for (const bin of z) bins.pushPrior(coder, bin);
    onProgress?.({ done: image + 1, total: x.count });
  }
  const bytes = encodeCompressed({
    latentBits,
    seed,
    images: x.count,
    model: nameOf(graphs),
    message: coder.message(),
  });
  const borrowedBits = 16 * coder.borrowed;
  const natsPerImage = ((coder.bits - borrowedBits) / x.count) * Math.LN2;
  return { bytes, images: x.count, bits: coder.bits, borrowedBits, natsPerImage };
}

/**
 * The images that {@link compress} made the bytes of, in their order.
 *
 * @throws InputError when the bytes are damaged or of another model, or the graphs do not give the same bits as then
 */
export async function decompress(
  work: Work,
  graphs: CompressionGraphs,
  bytes: Uint8Array,
  onProgress: WorkOptions['onProgress'],
): Promise<Float32Tensor> {
  const file = decodeCompressed(bytes);
  requireModel(file, graphs);
  const { latentDim, pixels } = graphs;
  const { images, latentBits, seed, message } = file;
  const bins = new LatentBins(latentBits);
  // A sound message never runs dry: what would be borrowed was pushed.
  const coder = new AnsCoder(dry, message);
  const rows: Float32Array[] = [];
  for (let image = images - 1; image >= 0; image--) {
    const z = new Array<number>(latentDim);
    for (let dim = latentDim - 1; dim >= 0; dim--) z[dim] = bins.popPrior(coder);
    const mean = await probabilities(work, graphs, bins, z);
    const row = new Float32Array(pixels);
    for (let i = pixels - 1; i >= 0; i--) row[i] = popBit(coder, mean[i]!);
    const { mu, deviation } = await posterior(work, graphs, row);
    for (let dim = latentDim - 1; dim >= 0; dim--) bins.push(coder, z[dim]!, mu[dim]!, deviation[dim]!);
    rows.push(row);
    onProgress?.({ done: images - image, total: images });
  }
  requireStart(coder, seed);
  const out = new Float32Array(images * pixels);
  for (const [at, row] of rows.entries()) out.set(row, (images - 1 - at) * pixels);
  return float32(out, [images, pixels]);
}

async function posterior(
  work: Work,
  { encode, pixels }: CompressionGraphs,
  row: Float32Array,
): Promise<{ mu: Float32Array; deviation: Float64Array }> {
  const outputs = await work.run(encode, { x: float32(row.slice(), [1, pixels]) });
  const { mu, logVar } = outputs as { mu: Float32Tensor; logVar: Float32Tensor };
  checkNumbers('mu', mu.data, () => 'an image');
  checkNumbers('logVar', logVar.data, () => 'an image');
  return { mu: mu.data, deviation: Float64Array.from(logVar.data, (value) => Math.exp(0.5 * value)) };
}

async function probabilities(
  work: Work,
  { decode, latentDim }: CompressionGraphs,
  bins: LatentBins,
  z: readonly number[],
): Promise<Float32Array> {
  const at = Float32Array.from(z, (bin) => bins.centre(bin));
  const { mean } = await work.run(decode, { z: float32(at, [1, latentDim]) });
  checkNumbers('mean', mean!.data as Float32Array, () => 'a latent vector');
  return mean!.data as Float32Array;
}

function requireBinary(x: Rows): void {
  const at = x.data.findIndex((value) => value !== 0 && value !== 1);
  if (at < 0) return;
  const row = Math.floor(at / (x.data.length / x.count));
  throw new InputError(`x: row ${row} has a pixel of ${x.data[at]}: only images of 0 and 1 can be compressed`, { row });
}

function requireModel({ model }: Compressed, graphs: CompressionGraphs): void {
  if (nameOf(graphs).every((byte, at) => byte === model[at])) return;
  throw new InputError('compressed images: they were compressed with the graphs of another run');
}

/** Once all images are out, the message is what it was before the first: the borrowed words and the empty head. */
function requireStart(coder: AnsCoder, seed: number): void {
  const { head, words } = coder.message();
  const source = randomWords(seed);
  const expected = Array.from(words, () => source.next()).reverse();
  if (head === 2 ** 32 && words.every((word, at) => word === expected[at])) return;
  throw new InputError(
    'compressed images: the bytes are damaged, or the graphs give other bits here than where they were compressed ' +
      '(another device, processor or version of onnxruntime)',
  );
}

function randomWords(seed: number): WordSource {
  const random = new Random(seed).fork('bits back');
  return { next: () => random.uint32() >>> 16 };
}

const dry: WordSource = {
  next() {
    throw new InputError('compressed images: the message ends before its images do; the bytes are damaged');
  },
};

/** First 4 bytes of each graph's hash. */
function nameOf({ hashes }: CompressionGraphs): Uint8Array {
  const half = hashes.length / 2;
  const hex = hashes.slice(0, 8) + hashes.slice(half, half + 8);
  return Uint8Array.from({ length: 8 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
