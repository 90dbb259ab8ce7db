import type { ComputeDevice, Tensor } from '@onnx-forge/infer';
import { DeviceError, sizeOf } from '@onnx-forge/infer';
import { binary, input, unary } from './graph/build.js';
import { type Dialect, STANDARD } from './graph/dialect.js';
import { convolveBlocked } from './idioms/blocked.js';
import { convolve } from './idioms/convolve.js';
import { channelsFirst, filterFirst, fromChannelsFirst } from './idioms/layout.js';
import { convolutionWindow } from './idioms/window.js';
import { encodeModel } from './onnx/writer.js';
import { simplify } from './simplify/simplify.js';

/** onnxruntime's block is 16 channels with AVX-512 and 8 without; other processors have no blocked convolutions. */
const BLOCKS = [16, 8] as const;
const IMAGE = [1, 5, 6, 32];
const FILTER = [3, 3, 32, 32];
const TOLERANCE = 1e-4;

/**
 * Operators that a step for this device may use: standard ONNX, and blocked convolutions if a trial run agrees with
 * standard operators. Nothing else asks what the processor can do; threads are {@link DeviceOptions.threads}.
 */
export async function dialectOf(device: ComputeDevice): Promise<Dialect> {
  for (const channelBlock of BLOCKS) {
    if (await runs(device, { channelBlock })) return { channelBlock };
  }
  return STANDARD;
}

/**
 * The dialect, if the device runs it: onnxruntime opens graphs of the wrong block and computes wrong numbers.
 *
 * @throws DeviceError `device-unavailable` if it does not
 */
export async function checkedDialect(device: ComputeDevice, dialect: Dialect): Promise<Dialect> {
  if (await runs(device, dialect)) return dialect;
  const { channelBlock } = dialect;
  throw new DeviceError(
    'device-unavailable',
    `this machine's ${device.device} does not run convolutions in blocks of ${channelBlock} channels: leave out \`dialect\``,
    { device: device.device, channelBlock },
  );
}

async function runs(device: ComputeDevice, { channelBlock }: Dialect): Promise<boolean> {
  return channelBlock === undefined || (device.device === 'cpu' && (await agrees(device, channelBlock)));
}

/**
 * Whether blocked convolutions give the numbers of standard operators, NaN too: onnxruntime's kernels for SSE have `maxps x, 0`
 * for a fused relu, which turns NaN into 0, and a training that diverged would look sound.
 */
async function agrees(device: ComputeDevice, block: number): Promise<boolean> {
  const inputs = {
    x: input('x', 'float32', IMAGE),
    filter: input('filter', 'float32', FILTER),
    poisoned: input('poisoned', 'float32', [1, 2, 2, block]),
    bias: input('bias', 'float32', [block]),
  };
  const { x, filter, poisoned, bias } = inputs;
  const window = convolutionWindow(IMAGE, FILTER, 'channelsLast', { strides: 1, pad: 'same' });
  const plain = convolve(channelsFirst(x, 'channelsLast'), filterFirst(filter), window);
  const relu = unary('Relu', binary('Add', binary('Mul', poisoned, bias), bias));
  const pairs = {
    convolution: [convolveBlocked(x, filter, window, block), fromChannelsFirst(plain, 'channelsLast')],
    relu: [simplify([relu], { channelBlock: block }).values[0]!, relu],
  } as const;
  const bytes = encodeModel({
    name: 'trial',
    inputs: Object.entries(inputs).map(([name, value]) => ({ name, value })),
    outputs: Object.entries(pairs).flatMap(([name, [blocked, standard]]) => [
      { name: `blocked/${name}`, value: blocked },
      { name: `standard/${name}`, value: standard },
    ]),
  });
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, waves(shape)]));
  (feeds.poisoned!.data as Float32Array).fill(Number.NaN, 1, 4);
  try {
    const session = await device.open(bytes, { name: 'trial of blocked convolutions' });
    const results = await session.run(feeds);
    await session.dispose();
    return Object.keys(pairs).every((name) => {
      const [a, b] = [results[`blocked/${name}`]!.data, results[`standard/${name}`]!.data] as Float32Array[];
      return a!.every((value, i) => near(value, b![i]!));
    });
  } catch {
    return false;
  }
}

function near(value: number, standard: number): boolean {
  if (Number.isNaN(standard)) return Number.isNaN(value);
  return Math.abs(value - standard) <= TOLERANCE * Math.max(1, Math.abs(standard));
}

/** Numbers without a pattern that a wrong order of channels could keep. */
function waves(dims: readonly number[]): Tensor {
  const size = sizeOf(dims);
  return { type: 'float32', dims, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * i)) };
}
