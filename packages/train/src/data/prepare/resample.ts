import { InputError } from '@onnx-forge/infer';
import { type DataSet, type Field, SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import { imageField } from '../fields.js';

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Weights of the input positions that one output position is the mean of. */
interface Tap {
  readonly from: number;
  readonly weights: Float64Array;
}

/**
 * A grey image of another size: separable triangle filter, as wide as the reduction, so that no pixel is left out
 * (bilinear where the image grows). Reads the box `crop` of it.
 *
 * @param image [height, width]
 * @returns [to.height, to.width]
 */
export function resample(
  image: ArrayLike<number>,
  size: Size,
  crop: Size & { readonly top: number; readonly left: number },
  to: Size,
): Float32Array {
  const rows = taps(crop.top, crop.height, to.height, size.height);
  const columns = taps(crop.left, crop.width, to.width, size.width);
  // Along the rows first: [size.height, to.width].
  const narrow = new Float64Array(size.height * to.width);
  const [first, last] = [rows[0]!.from, rows.at(-1)!.from + rows.at(-1)!.weights.length];
  for (let row = first; row < last; row++) {
    columns.forEach(({ from, weights }, column) => {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * image[row * size.width + from + i]!;
      narrow[row * to.width + column] = sum;
    });
  }
  const out = new Float32Array(to.height * to.width);
  rows.forEach(({ from, weights }, row) => {
    for (let column = 0; column < to.width; column++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * narrow[(from + i) * to.width + column]!;
      out[row * to.width + column] = sum;
    }
  });
  return out;
}

/** `count` taps over the stretch [start, start + length) of a line of `size` pixels; weights sum to 1. */
function taps(start: number, length: number, count: number, size: number): readonly Tap[] {
  const scale = length / count;
  const reach = Math.max(1, scale);
  return Array.from({ length: count }, (_, index) => {
    const centre = start + (index + 0.5) * scale;
    const from = Math.max(0, Math.ceil(centre - reach - 0.5));
    const to = Math.min(size - 1, Math.floor(centre + reach - 0.5));
    const weights = Float64Array.from({ length: to - from + 1 }, (_, i) => {
      return Math.max(0, 1 - Math.abs(from + i + 0.5 - centre) / reach);
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { from, weights: weights.map((weight) => weight / total) };
  });
}

/**
 * The data set with its grey images `x` cut out around the middle and brought to another size. Kept as bytes once they
 * are read, a fraction of what decoding them took. A set whose images have the size already is returned as it is.
 *
 * @param crop what to cut out; default all
 * @throws InputError images in colour, or smaller than the crop
 */
export function fitImages(dataSet: DataSet, to: Size, crop?: Size): DataSet {
  const { x } = dataSet.splits.train.fields;
  const [height, width, channels] = x?.shape ?? [];
  if (height === to.height && width === to.width) return dataSet;
  if (height === undefined || width === undefined || channels !== 1) {
    const found = x ? x.shape.join(' x ') : 'nothing';
    const mend = dataSet.reference && channels === 3 ? '; --grey makes them so' : '';
    throw new InputError(
      `data set '${dataSet.name}' must have grey images 'x', height x width x 1, not ${found}${mend}`,
    );
  }
  const box = crop ?? { height, width };
  if (box.height > height || box.width > width) {
    const message = `${box.height} x ${box.width} pixels can't be cut out of images of ${height} x ${width}`;
    throw new InputError(message, { crop: box, height, width });
  }
  const place = { ...box, top: (height - box.height) / 2, left: (width - box.width) / 2 };
  const entries = SPLIT_NAMES.map((name) => {
    const split = dataSet.splits[name];
    const fit = (image: Float32Array) => resample(image, { height, width }, place, to);
    return [name, { ...split, fields: { ...split.fields, x: fitted(split, fit, to) } }] as const;
  });
  return { ...dataSet, splits: Object.fromEntries(entries) as unknown as Splits };
}

/** An example is fitted when it is first read. */
function fitted({ size, fields }: Split, fit: (image: Float32Array) => Float32Array, to: Size): Field {
  const length = to.height * to.width;
  const [height, width] = fields.x!.shape;
  const pixels = new Uint8Array(size * length);
  const done = new Uint8Array(size);
  const images = imageField(pixels, [to.height, to.width, 1], 255);
  const source = new Float32Array(height! * width!);
  return {
    ...images,
    read(index, out, offset) {
      if (done[index] === 0) {
        fields.x!.read(index, source, 0);
        pixels.set(
          fit(source).map((level) => Math.round(255 * level)),
          index * length,
        );
        done[index] = 1;
      }
      images.read(index, out, offset);
    },
  };
}
