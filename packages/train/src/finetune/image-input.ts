import { tf } from '@onnx-forge/export';
import type { ImportedModel } from '@onnx-forge/export/import';
import type { ImageEntry } from '@onnx-forge/infer';
import { TrainError } from '../errors.js';

/** How a file's input lays out its images: channels first or last, or one after the other. */
export type ImageLayout = 'nchw' | 'nhwc' | 'flat';

/** The images that a file takes, and how they are made of ours, which are [batch, height * width * channels] in [0, 1]. */
export interface ImageInput {
  readonly image: ImageEntry;
  readonly layout: ImageLayout;
  /** The model's input, of images x. */
  prepare(x: tf.Tensor): tf.Tensor;
}

/** A user's choices for a file's images. */
export interface ImageChoice {
  readonly layout: 'auto' | ImageLayout;
  /** `WIDTHxHEIGHT`, for files whose sizes are free; empty: the file's. */
  readonly size: string;
  /** A number, or one for each channel with commas between: images become (x - mean) / std. */
  readonly mean: string;
  readonly std: string;
}

/** @throws TrainError (`option-invalid`) for inputs that are no images, and for what can't be seen in the file and was not said */
export function imageInput({ inputs }: Pick<ImportedModel, 'inputs'>, choice: ImageChoice): ImageInput {
  const [[name, { shape, dtype }] = ['', { shape: [] }], ...others] = Object.entries(inputs);
  if (others.length > 0) {
    throw refused(
      `the file has ${others.length + 1} inputs (${Object.keys(inputs).join(', ')}); one of images can be trained here`,
    );
  }
  if ((dtype ?? 'float32') !== 'float32') throw refused(`input '${name}' is of ${dtype}: images are float32`);
  const layout = layoutOf(name, shape, choice.layout);
  if (typeof shape[0] === 'number') {
    throw refused(
      `input '${name}' is [${shape.join(', ')}], always ${shape[0]} at a time: export the file with a free batch (PyTorch's dynamic_shapes; dynamic_axes of its older exporter)`,
    );
  }
  const { height, width, channels } = sizesOf(name, shape, layout, choice.size);
  const image: ImageEntry = { height, width, channels, range: [0, 1] };
  const mean = perChannel('mean', choice.mean, channels);
  const std = perChannel('std', choice.std, channels);
  if (std.some((value) => value <= 0)) throw refused(`std must be above 0, not ${choice.std}`);
  const plain = mean.every((value) => value === 0) && std.every((value) => value === 1);
  return {
    image,
    layout,
    prepare(x) {
      const batch = x.shape[0]!;
      const images = tf.reshape(x, [batch, height, width, channels]);
      const normal = plain ? images : tf.div(tf.sub(images, tf.tensor1d(mean)), tf.tensor1d(std));
      const laid = layout === 'nchw' ? tf.transpose(normal, [0, 3, 1, 2]) : normal;
      return tf.reshape(laid, [batch, ...inputSizes(shape, { height, width, channels }, layout)]);
    },
  };
}

/** All axes of the model's input but the batch. */
function inputSizes(
  shape: readonly (number | string)[],
  { height, width, channels }: Pick<ImageEntry, 'height' | 'width' | 'channels'>,
  layout: ImageLayout,
): number[] {
  if (layout === 'nchw') return [channels, height, width];
  if (layout === 'nhwc') return [height, width, channels];
  return shape.length === 2 ? [height * width * channels] : [height, width];
}

const COLOURS: readonly (number | string)[] = [1, 3];

function layoutOf(name: string, shape: readonly (number | string)[], given: ImageChoice['layout']): ImageLayout {
  const what = `input '${name}' is [${shape.join(', ')}]`;
  if (shape.length === 2 || shape.length === 3) {
    if (given === 'auto' || given === 'flat') return 'flat';
    throw refused(`${what}, which has no axis of channels: layout ${given} does not fit`);
  }
  if (shape.length !== 4) throw refused(`${what}: images have 2 to 4 axes`);
  if (given === 'flat') throw refused(`${what}: layout flat does not fit`);
  if (given !== 'auto') return given;
  if (COLOURS.includes(shape[1]!)) return 'nchw';
  if (COLOURS.includes(shape[3]!)) return 'nhwc';
  throw refused(`${what}: it does not tell where the channels are (1 or 3 of them); say layout nchw or nhwc`);
}

function sizesOf(
  name: string,
  shape: readonly (number | string)[],
  layout: ImageLayout,
  size: string,
): { readonly height: number; readonly width: number; readonly channels: number } {
  const said = parseSize(size);
  const axes = layout === 'nchw' ? [shape[2], shape[3], shape[1]] : [shape[1], shape[2], shape[3]];
  if (layout === 'flat') axes[2] = 1;
  if (layout === 'flat' && shape.length === 2) return flatSizes(name, shape[1]!, said);
  const [height, width] = [axes[0], axes[1]].map((n, i) => (typeof n === 'number' ? n : said?.[i]));
  const fixed = said?.every((n, i) => typeof axes[i] !== 'number' || axes[i] === n) ?? true;
  if (height === undefined || width === undefined) {
    throw refused(
      `the height and width of input '${name}' are free ([${shape.join(', ')}]): say a size, such as 28x28`,
    );
  }
  if (!fixed) throw refused(`input '${name}' is ${width} x ${height}; the size ${size} does not fit`);
  const [, , channels] = axes;
  if (channels !== 1 && channels !== 3) throw refused(`input '${name}' has ${channels} channels; images have 1 or 3`);
  return { height, width, channels };
}

/** Of images whose numbers lie in one row: as said, else square ones. */
function flatSizes(
  name: string,
  length: number | string,
  said: readonly [number, number] | undefined,
): { readonly height: number; readonly width: number; readonly channels: number } {
  if (typeof length !== 'number') throw refused(`the length of input '${name}' is free: no image can be told from it`);
  for (const channels of [1, 3]) {
    const side = Math.sqrt(length / channels);
    const [height, width] = said ?? [side, side];
    if (Number.isInteger(height) && Number.isInteger(width) && height * width * channels === length) {
      return { height, width, channels };
    }
  }
  const how = said ? `${said[1]} x ${said[0]} pixels do not fit` : 'say a size, such as 28x28';
  throw refused(`input '${name}' has rows of ${length} numbers: ${how}`);
}

/** Height and width of `WIDTHxHEIGHT`. */
function parseSize(size: string): readonly [height: number, width: number] | undefined {
  if (size === '') return undefined;
  const { width, height } = /^(?<width>[1-9]\d{0,4})x(?<height>[1-9]\d{0,4})$/.exec(size)?.groups ?? {};
  if (width === undefined || height === undefined)
    throw refused(`a size is WIDTHxHEIGHT, such as 28x28, not '${size}'`);
  return [Number(height), Number(width)];
}

function perChannel(option: string, text: string, channels: number): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const all = values.length === 1 ? new Array<number>(channels).fill(values[0]!) : values;
  if (all.length === channels && all.every(Number.isFinite)) return all;
  const many = channels === 1 ? 'a number' : `a number, or ${channels} with commas between (one a channel)`;
  throw refused(`${option} must be ${many}, not '${text}'`);
}

function refused(message: string): TrainError {
  return new TrainError('option-invalid', message);
}
