import {
  type Device,
  type DeviceRequest,
  ForgeError,
  openSession,
  Random,
  type Session,
  sizeOf,
  type Tensor,
} from '@onnx-forge/infer';
import { Fields } from '../record/fields.js';
import { isolateEngine } from '../record/isolation.js';
import { RecurrentLayers } from '../record/recurrent.js';
import { tf } from '../tfjs.js';
import { functionOf, type OnnxExport } from './export-onnx.js';
import type { Exportable, ExportableFunction, PortType } from './exportable.js';

/** Largest difference between onnxruntime and tfjs over all elements of an output. */
export interface OutputError {
  readonly absolute: number;
  /**
   * The smallest rtol for which every |actual - expected| <= atol + rtol * m, with atol = 1e-8 as in numpy's allclose and
   * m the largest |expected| of the output (1 for an output of zeros).
   */
  readonly relative: number;
}

/** Sizes of the free dimensions by name. */
export type FreeSizes = Readonly<Record<string, number>>;

export interface DeviceVerification {
  /** The device that ran the graph. */
  readonly device: Device;
  readonly outputs: Readonly<Record<string, OutputError>>;
  /** The largest relative error of all outputs. */
  readonly worst: number;
  /** The sizes at which the two were compared; one empty entry where nothing is free. */
  readonly sizes: readonly FreeSizes[];
  /** Sizes that the function itself does not take, and what tfjs said. */
  readonly skipped: readonly { readonly sizes: FreeSizes; readonly reason: string }[];
}

export interface VerifyOptions {
  /** Default `cpu`. */
  readonly device?: DeviceRequest;
  /**
   * Sizes of the free dimensions to try, in turn; of several dimensions each is a turn ahead of the one before. Default:
   * 1 to 4, hence every rest of a division by 2, 3 and 4, and larger ones where the function does not take these.
   */
  readonly sizes?: readonly number[];
  /** Seed of the random inputs; default 1. */
  readonly seed?: number;
  /** Makes an input's numbers; default N(0, 1) for float32, zeros and ones for int32 and bool. */
  readonly sample?: (name: string, type: PortType, random: Random) => number;
}

/** The exported graph cannot be compared with its function. */
export class VerifyError extends ForgeError<'verify'> {
  constructor(message: string, data: Record<string, unknown> = {}) {
    super('verify', message, data);
  }
}

const ABSOLUTE_TOLERANCE = 1e-8;
/** Each row has every rest of a division by 2, 3 and 4. */
const DEFAULT_SIZES: readonly (readonly number[])[] = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
  [9, 10, 11, 12],
  [17, 18, 19, 20],
  [33, 34, 35, 36],
];
/** For functions that take none of those: images whose sizes must be divisible. */
const DIVISIBLE_SIZES: readonly (readonly number[])[] = [
  [8, 16, 24, 32],
  [32, 64, 96, 128],
];

/**
 * Runs an exported graph beside the function it came from (on tfjs's cpu backend) with equal random inputs.
 * @throws DeviceError when the device is not available; VerifyError when the function takes none of the sizes.
 */
export async function verify(
  exported: OnnxExport,
  target: Exportable,
  options: VerifyOptions = {},
): Promise<DeviceVerification> {
  const { device = 'cpu', sizes, seed = 1, sample = defaultSample } = options;
  const random = new Random(seed);
  const f = functionOf(target);
  const free = freeNames(exported);
  const session = await openSession(exported.bytes, { device, externalData: exported.externalData });
  const comparison = new Comparison(session, exported);
  try {
    for (const row of sizes ? [sizes] : [...DEFAULT_SIZES, ...DIVISIBLE_SIZES]) {
      if (DIVISIBLE_SIZES.includes(row) && comparison.any) break;
      for (const turn of free.length > 0 ? row.keys() : [0, 1]) {
        const turned = free.map((name, d) => [name, row[(turn + d) % row.length]!] as const);
        const feeds = inputsOf(exported, Object.fromEntries(turned), (name, type) => sample(name, type, random));
        await comparison.at(Object.fromEntries(turned), f, feeds);
      }
      if (comparison.covers(free)) break;
    }
    return comparison.result();
  } finally {
    await session.dispose();
  }
}

/** `batch = 1, 2, 3, 4`, and what was left out: for reports. Empty where nothing is free. */
export function describeSizes({ sizes, skipped }: Pick<DeviceVerification, 'sizes' | 'skipped'>): string {
  const [first = {}] = sizes;
  const tried = Object.keys(first).map((name) => `${name} = ${sizes.map((at) => at[name]).join(', ')}`);
  const left = skipped.length > 0 ? ` (the function itself fails at ${skipped.length} more)` : '';
  return `${tried.join('; ')}${left}`;
}

/** The comparisons so far. */
class Comparison {
  readonly #session: Session;
  readonly #names: readonly string[];
  readonly #outputs: Record<string, OutputError> = {};
  readonly #sizes: FreeSizes[] = [];
  readonly #skipped: { sizes: FreeSizes; reason: string }[] = [];

  constructor(session: Session, exported: OnnxExport) {
    this.#session = session;
    this.#names = Object.keys(exported.outputs);
  }

  async at(sizes: FreeSizes, f: ExportableFunction, feeds: Record<string, Tensor>): Promise<void> {
    let expected: Record<string, ArrayLike<number>>;
    try {
      expected = await onTfjs(f, feeds);
    } catch (error) {
      this.#skipped.push({ sizes, reason: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.#sizes.push(sizes);
    const actual = await this.#session.run(feeds);
    for (const name of this.#names) {
      const error = compare(actual[name]!, expected[name]!);
      const known = this.#outputs[name];
      this.#outputs[name] = {
        absolute: Math.max(known?.absolute ?? 0, error.absolute),
        relative: Math.max(known?.relative ?? 0, error.relative),
      };
    }
  }

  /** Whether the function took any size yet. */
  get any(): boolean {
    return this.#sizes.length > 0;
  }

  /** Whether each dimension had every rest of a division by 2, 3 and 4. */
  covers(free: readonly string[]): boolean {
    if (!this.any) return false;
    return free.every((name) =>
      [2, 3, 4].every((divisor) => new Set(this.#sizes.map((sizes) => sizes[name]! % divisor)).size === divisor),
    );
  }

  result(): DeviceVerification {
    if (this.#sizes.length === 0) {
      const [first] = this.#skipped;
      throw new VerifyError(
        `the function itself fails at all ${this.#skipped.length} sizes that were tried, so there is nothing to compare: ${first?.reason}`,
        { skipped: this.#skipped },
      );
    }
    return {
      device: this.#session.device,
      outputs: this.#outputs,
      worst: Math.max(...Object.values(this.#outputs).map(({ relative }) => relative)),
      sizes: this.#sizes,
      skipped: this.#skipped,
    };
  }
}

function freeNames({ inputs }: OnnxExport): string[] {
  const dims = Object.values(inputs).flatMap(({ shape }) => shape);
  return [...new Set(dims.filter((n) => typeof n === 'string'))];
}

function defaultSample(_: string, { dtype }: PortType, random: Random): number {
  return dtype === 'float32' ? random.normal() : random.integer(2);
}

function inputsOf(
  { inputs }: OnnxExport,
  sizes: FreeSizes,
  sample: (name: string, type: PortType) => number,
): Record<string, Tensor> {
  const feeds = Object.entries(inputs).map(([name, type]): [string, Tensor] => {
    const dims = type.shape.map((n) => (typeof n === 'number' ? n : sizes[n]!));
    const numbers = Array.from({ length: sizeOf(dims) }, () => sample(name, type));
    const kind = type.dtype === 'float32' ? Float32Array : type.dtype === 'int32' ? Int32Array : Uint8Array;
    return [name, { type: type.dtype, dims, data: kind.from(numbers) }];
  });
  return Object.fromEntries(feeds);
}

async function onTfjs(
  f: ExportableFunction,
  feeds: Record<string, Tensor>,
): Promise<Record<string, ArrayLike<number>>> {
  const home = tf.getBackend();
  await tf.setBackend('cpu');
  const fields = new Fields();
  const tensorOf = (name: string): tf.Tensor => {
    const feed = feeds[name];
    if (!feed) throw new VerifyError(`the graph has no input '${name}' for the state of a recurrent layer`);
    const { data, dims, type } = feed;
    return tf.tensor(data as Float32Array, [...dims], type as 'float32');
  };
  const restoreEngine = isolateEngine();
  try {
    const values: Record<string, ArrayLike<number>> = {};
    tf.tidy(() => {
      const inputs = Object.fromEntries(Object.keys(feeds).map((name) => [name, tensorOf(name)]));
      const results = new RecurrentLayers({ state: tensorOf }).outputsOf(() => f(inputs));
      for (const [name, tensor] of Object.entries(results)) {
        // tfjs lets fractions through, half of an odd number of rows, and images that a window leaves less than nothing of.
        if (!tensor.shape.every((n) => Number.isInteger(n) && n >= 0)) {
          throw new Error(`output ${name} has the shape [${tensor.shape}]`);
        }
        // Read at once: with the engine's own state the tensors go.
        values[name] = tensor.dataSync();
      }
    });
    return values;
  } finally {
    restoreEngine();
    fields.stop();
    fields.restoreAll();
    await tf.setBackend(home);
  }
}

/** NaN agrees with NaN, but an output of nothing else agrees with nothing: the inputs were outside the function's domain. */
function compare(actual: Tensor, expected: ArrayLike<number>): OutputError {
  let absolute = actual.data.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  let magnitude = 0;
  let nanCount = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [Number(actual.data[i]), expected[i]!];
    if (Number.isFinite(e)) magnitude = Math.max(magnitude, Math.abs(e));
    if (a === e) continue;
    if (Number.isNaN(a) && Number.isNaN(e)) {
      nanCount++;
      continue;
    }
    const difference = Math.abs(a - e);
    absolute = Math.max(absolute, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  if (nanCount > 0 && nanCount === expected.length) absolute = Number.POSITIVE_INFINITY;
  return { absolute, relative: Math.max(0, absolute - ABSOLUTE_TOLERANCE) / (magnitude || 1) };
}
