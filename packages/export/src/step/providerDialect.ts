import type { ComputeDevice, Tensor } from '@onnx-forge/infer';
import { sizeOf } from '@onnx-forge/infer';
import { Value } from '../graph/value.js';
import { convolveBlocked } from '../lower/blocked.js';
import { convolve } from '../lower/convolve.js';
import { type Dialect, STANDARD } from '../lower/dialect.js';
import { channelsFirst, filterFirst, fromChannelsFirst } from '../lower/layout.js';
import { convolutionWindow } from '../lower/window.js';
import { encodeModel } from '../onnx/writer.js';

/** onnxruntime's block is 16 channels with AVX-512 and 8 without; other processors have no blocked convolutions. */
const BLOCKS = [16, 8] as const;
const IMAGE = [1, 5, 6, 32];
const FILTER = [3, 3, 32, 32];
const TOLERANCE = 1e-4;

/** What a step compiled for this device may be made of. The blocked layout is taken on trial, never on trust. */
export async function dialectOf(device: ComputeDevice): Promise<Dialect> {
  if (device.device !== 'cpu') return STANDARD;
  for (const channelBlock of BLOCKS) {
    if (await agrees(device, channelBlock)) return { channelBlock };
  }
  return STANDARD;
}

/** Whether a blocked convolution gives the numbers of the standard one. */
async function agrees(device: ComputeDevice, block: number): Promise<boolean> {
  const x = new Value('float32', IMAGE, { kind: 'input', name: 'x' });
  const filter = new Value('float32', FILTER, { kind: 'input', name: 'filter' });
  const window = convolutionWindow(IMAGE, FILTER, 'channelsLast', { strides: 1, pad: 'same' });
  const blocked = convolveBlocked(x, filter, window, block);
  const plain = convolve(channelsFirst(x, 'channelsLast'), filterFirst(filter), window);
  const standard = fromChannelsFirst(plain, 'channelsLast');
  const bytes = encodeModel({
    name: 'trial',
    inputs: [
      { name: 'x', value: x },
      { name: 'filter', value: filter },
    ],
    outputs: [
      { name: 'blocked', value: blocked },
      { name: 'standard', value: standard },
    ],
  });
  try {
    const session = await device.open(bytes, { name: 'trial of blocked convolutions' });
    const results = await session.run({ x: waves(IMAGE), filter: waves(FILTER) });
    await session.dispose();
    const [a, b] = [results.blocked!.data as Float32Array, results.standard!.data as Float32Array];
    return a.every((value, i) => Math.abs(value - b[i]!) <= TOLERANCE * Math.max(1, Math.abs(b[i]!)));
  } catch {
    return false;
  }
}

/** Numbers without a pattern that a wrong order of channels could keep. */
function waves(dims: readonly number[]): Tensor {
  const size = sizeOf(dims);
  return { type: 'float32', dims, data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * i)) };
}
