import { type Examples, type Rows, toRows } from '../arrays/examples.js';
import { float32 } from '../arrays/tensor.js';
import { InputError } from '../errors.js';
import { Random } from '../random.js';
import { kindOf } from '../typed-array.js';
import { COUNT, checked } from '../value-rule.js';
import type { Float32Tensor } from './rows.js';
import type { CallOptions } from './work.js';

/** All that walking in a latent space needs: any model that turns z into data. */
export interface Decoder {
  readonly latentDim: number;
  /** Of each row of data. */
  readonly elements: number;
  /** Of each latent dimension: N(0, 1), or uniform in [-1, 1]. */
  readonly prior: 'normal' | 'uniform';
  /** z [n, latentDim] -> data [n, elements]. */
  decode(z: Rows): Promise<Float32Tensor>;
}

export interface Samples {
  /** The latent vectors drawn, [n, latentDim]. */
  readonly z: Float32Tensor;
  /** [n, pixels], in the model's own range. */
  readonly images: Float32Tensor;
}

export interface SampleOptions extends CallOptions {
  /** Default 1. */
  readonly seed?: number | undefined;
}

/** Decodes `n` draws from the prior. The first m of n draws are the same as m draws with that seed. */
export async function sample(decoder: Decoder, n: number, options: SampleOptions = {}): Promise<Samples> {
  const count = checked('the number of samples', n ?? 1, COUNT);
  checkSize(count, decoder);
  const z = new Float32Array(count * decoder.latentDim);
  drawPrior(new Random(options.seed ?? 1), decoder.prior, z);
  const images = await decoder.decode({ data: z, count });
  return { z: float32(z, [count, decoder.latentDim]), images };
}

/** Elements that an array of float32 may have: 16 GB. */
const MOST_ELEMENTS = 2 ** 32;

/** Throws InputError when the images asked for do not fit into one array. */
export function checkSize(count: number, { elements }: Pick<Decoder, 'elements'>): void {
  if (count * elements <= MOST_ELEMENTS) return;
  const most = Math.floor(MOST_ELEMENTS / elements);
  throw new InputError(`${count} images of ${elements} numbers fit into no array: ask for at most ${most} at a time`, {
    count,
    most,
  });
}

/** Fills `out` with draws from the prior of the latent dimensions. */
export function drawPrior(random: Random, prior: Decoder['prior'], out: Float32Array): Float32Array {
  return prior === 'uniform' ? random.fillUniform(out, -1, 1) : random.fillNormal(out);
}

export interface InterpolateOptions extends CallOptions {
  /** How many images in all, both ends included. Default 11: alpha = 0, 0.1 .. 1. */
  readonly steps?: number | undefined;
  /** Mix latent vectors, or the decoded data (for comparison: cross-fading). Default `latent`. */
  readonly space?: 'latent' | 'data' | undefined;
}

export interface Interpolation {
  /** From 0 to 1. */
  readonly alphas: readonly number[];
  /** [pairs, steps, pixels]. */
  readonly images: Float32Tensor;
}

/**
 * The way from one latent vector to another, for one or more pairs: g(alpha a + (1 - alpha) b) in latent space, or
 * alpha g(a) + (1 - alpha) g(b) in data space. alpha runs from 0 to 1, so the first image is b's and the last is a's.
 */
export async function interpolate(
  decoder: Decoder,
  a: Examples,
  b: Examples,
  options: InterpolateOptions = {},
): Promise<Interpolation> {
  const { steps: asked, space = 'latent' } = options;
  const steps = checked('steps', asked ?? 11, COUNT);
  if (steps < 2) throw new InputError('steps counts both ends: it must be at least 2, not 1', { steps });
  if (space !== 'latent' && space !== 'data') {
    throw new InputError(`space must be 'latent' or 'data', not '${space}'`, { space });
  }
  const size = decoder.latentDim;
  const [from, to] = [toRows(a, { name: 'a', size }), toRows(b, { name: 'b', size })];
  if (from.count !== to.count) {
    throw new InputError(`a has ${from.count} rows and b has ${to.count}: they must have as many`, {
      a: from.count,
      b: to.count,
    });
  }
  checkSize(from.count * steps, decoder);
  const alphas = Array.from({ length: steps }, (_, step) => step / (steps - 1));
  const images =
    space === 'latent'
      ? await decoder.decode(mix(from, to, alphas))
      : await Promise.all([decoder.decode(from), decoder.decode(to)]).then(([first, second]) =>
          mixed(mix({ data: first.data, count: from.count }, { data: second.data, count: to.count }, alphas)),
        );
  return { alphas, images: { ...images, dims: [from.count, steps, images.data.length / (from.count * steps)] } };
}

/** alpha a + (1 - alpha) b for every pair of rows and every alpha: [pairs x alphas, size]. */
function mix(a: Rows, b: Rows, alphas: readonly number[]): Rows {
  const size = a.data.length / a.count;
  const data = new Float32Array(a.count * alphas.length * size);
  let at = 0;
  for (let row = 0; row < a.count; row++) {
    for (const alpha of alphas) {
      for (let i = row * size; i < (row + 1) * size; i++) data[at++] = alpha * a.data[i]! + (1 - alpha) * b.data[i]!;
    }
  }
  return { data, count: a.count * alphas.length };
}

const mixed = ({ data, count }: Rows): Float32Tensor => float32(data, [count, data.length / count]);

export interface PerturbOptions extends CallOptions {
  /** Shift of one dimension at a time; several values give several images. Default 3. */
  readonly epsilon?: number | readonly number[] | undefined;
  /** Which latent dimensions. Default all of them. */
  readonly dims?: 'all' | readonly number[] | undefined;
}

export interface Perturbation {
  /** The dimensions perturbed, in the order of the rows below. */
  readonly dims: readonly number[];
  readonly epsilons: readonly number[];
  /** The unperturbed images, [n, pixels]. */
  readonly base: Float32Tensor;
  /** [dims, epsilons, n, pixels]. */
  readonly images: Float32Tensor;
  /**
   * How active each dimension is: the mean absolute change of a pixel, over all epsilons, vectors and pixels, in the
   * order of `dims`.
   */
  readonly change: Float64Array;
}

/** Images of z + epsilon e_i beside those of z, for each latent dimension i and one or more vectors z. */
export async function perturb(decoder: Decoder, z: Examples, options: PerturbOptions = {}): Promise<Perturbation> {
  const size = decoder.latentDim;
  const rows = toRows(z, { name: 'z', size });
  const epsilons = typeof options.epsilon === 'number' ? [options.epsilon] : [...(options.epsilon ?? [3])];
  if (epsilons.length === 0 || !epsilons.every(Number.isFinite)) {
    throw new InputError(`epsilon must be one or more finite numbers, not [${epsilons.join(', ')}]`, { epsilons });
  }
  const dims = chosen(options.dims ?? 'all', size);
  checkSize(dims.length * epsilons.length * rows.count, decoder);
  const base = await decoder.decode(rows);
  const pixels = base.data.length / rows.count;
  const perDim = epsilons.length * rows.count;
  const images = new Float32Array(dims.length * perDim * pixels);
  const change = new Float64Array(dims.length);
  const moved = new Float32Array(perDim * size);
  for (const [at, dim] of dims.entries()) {
    epsilons.forEach((epsilon, e) => {
      moved.set(rows.data, e * rows.data.length);
      for (let row = 0; row < rows.count; row++) moved[e * rows.data.length + row * size + dim]! += epsilon;
    });
    const { data } = await decoder.decode({ data: moved, count: perDim });
    images.set(data, at * data.length);
    let total = 0;
    for (let i = 0; i < data.length; i++) total += Math.abs(data[i]! - base.data[i % base.data.length]!);
    change[at] = total / data.length;
  }
  return { dims, epsilons, base, images: float32(images, [dims.length, epsilons.length, rows.count, pixels]), change };
}

function chosen(dims: 'all' | readonly number[], latentDim: number): readonly number[] {
  if (dims === 'all') return Array.from({ length: latentDim }, (_, dim) => dim);
  if (!Array.isArray(dims)) throw new InputError(`dims must be 'all' or an array, not ${kindOf(dims)}`, { dims });
  const wrong = (dims as readonly number[]).find((dim) => !Number.isInteger(dim) || dim < 0 || dim >= latentDim);
  if (wrong !== undefined || dims.length === 0) {
    const what = wrong === undefined ? 'dims is empty' : `there is no latent dimension ${wrong}`;
    throw new InputError(`${what}; the dimensions are 0 to ${latentDim - 1}`, { dims, latentDim });
  }
  return [...dims];
}
