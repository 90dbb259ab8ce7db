import { type Device, type DeviceRequest, openSession, Random, sizeOf, type Tensor } from '@onnx-forge/infer';
import { type ExportableFunction, functionOf, type OnnxExport, type PortType } from './export.js';
import { tf } from './tfjs.js';

/** Largest difference between onnxruntime and tfjs over all elements of an output. */
export interface OutputError {
  readonly absolute: number;
  /** The absolute error over the output's largest magnitude (1 for an output of zeros). */
  readonly relative: number;
}

export interface DeviceVerification {
  /** The device that ran the graph. */
  readonly device: Device;
  readonly outputs: Readonly<Record<string, OutputError>>;
  /** The largest relative error of all outputs. */
  readonly worst: number;
}

export interface VerifyOptions {
  /** Default `cpu`. */
  readonly device?: DeviceRequest;
  /** Sizes of the free dimensions to try, in turn; default 1 and 5. */
  readonly sizes?: readonly number[];
  /** Seed of the random inputs; default 1. */
  readonly seed?: number;
  /** Makes an input's numbers; default N(0, 1) for float32, zeros and ones for int32 and bool. */
  readonly sample?: (name: string, type: PortType, random: Random) => number;
}

/**
 * Runs an exported graph beside the function it came from (on tfjs's cpu backend) with equal random inputs.
 * @throws DeviceError when the device is not available.
 */
export async function verify(
  exported: OnnxExport,
  target: tf.LayersModel | ExportableFunction,
  options: VerifyOptions = {},
): Promise<DeviceVerification> {
  const { device = 'cpu', sizes = [1, 5], seed = 1, sample = defaultSample } = options;
  const random = new Random(seed);
  const f = functionOf(target);
  const session = await openSession(exported.bytes, { device, externalData: exported.externalData });
  const outputs: Record<string, OutputError> = {};
  try {
    for (const size of sizes) {
      const feeds: Record<string, Tensor> = {};
      for (const [name, type] of Object.entries(exported.inputs))
        feeds[name] = inputOf(name, type, size, random, sample);
      const expected = await onTfjs(f, feeds);
      const actual = await session.run(feeds);
      for (const name of Object.keys(exported.outputs)) {
        const error = compare(actual[name]!, expected[name]!);
        const known = outputs[name];
        outputs[name] = {
          absolute: Math.max(known?.absolute ?? 0, error.absolute),
          relative: Math.max(known?.relative ?? 0, error.relative),
        };
      }
    }
    return {
      device: session.device,
      outputs,
      worst: Math.max(...Object.values(outputs).map(({ relative }) => relative)),
    };
  } finally {
    await session.dispose();
  }
}

function defaultSample(_: string, { dtype }: PortType, random: Random): number {
  return dtype === 'float32' ? random.normal() : random.integer(2);
}

function inputOf(
  name: string,
  type: PortType,
  size: number,
  random: Random,
  sample: NonNullable<VerifyOptions['sample']>,
): Tensor {
  const dims = type.shape.map((n) => (typeof n === 'number' ? n : size));
  const numbers = Array.from({ length: sizeOf(dims) }, () => sample(name, type, random));
  const data =
    type.dtype === 'float32'
      ? Float32Array.from(numbers)
      : type.dtype === 'int32'
        ? Int32Array.from(numbers)
        : Uint8Array.from(numbers);
  return { type: type.dtype, dims, data };
}

async function onTfjs(
  f: ExportableFunction,
  feeds: Record<string, Tensor>,
): Promise<Record<string, ArrayLike<number>>> {
  const home = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    const results = tf.tidy(() => {
      const inputs = Object.entries(feeds).map(([name, { data, dims, type }]) => [
        name,
        tf.tensor(data as Float32Array, [...dims], type as 'float32'),
      ]);
      return f(Object.fromEntries(inputs)) as tf.NamedTensorMap;
    });
    const read = Object.entries(results).map(async ([name, tensor]) => [name, await tensor.data()] as const);
    const values = Object.fromEntries(await Promise.all(read));
    tf.dispose(results);
    return values;
  } finally {
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
  return { absolute, relative: absolute / (magnitude || 1) };
}
