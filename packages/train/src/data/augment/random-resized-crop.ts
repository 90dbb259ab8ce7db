import type { Random } from '@onnx-forge/infer';
import type { ImageChange, ImageShape } from './augmentation.js';

/** A rectangle of an image in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export interface RandomResizedCropOptions {
  /** Smallest and largest part of the area that is cut out. */
  readonly scale: readonly [number, number];
  /** Smallest and largest width over height of the part, before it is stretched to the image's shape. */
  readonly ratio: readonly [number, number];
}

/** Cuts out a random part and stretches it to the size of the image, bilinearly (torchvision's RandomResizedCrop). */
export function randomResizedCrop(shape: ImageShape, options: RandomResizedCropOptions): ImageChange {
  const resize = resizedCrop(shape);
  return (image, random) => resize(image, drawBox(shape, options, random));
}

/** Where to cut: ten tries for a box that fits, else the largest in the middle whose ratio is allowed. */
export function drawBox(
  { height, width }: ImageShape,
  { scale, ratio }: RandomResizedCropOptions,
  random: Random,
): Box {
  const [lowest, highest] = ratio.map(Math.log) as [number, number];
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * (scale[0] + (scale[1] - scale[0]) * random.uniform());
    const aspect = Math.exp(lowest + (highest - lowest) * random.uniform());
    const box = { width: Math.round(Math.sqrt(area * aspect)), height: Math.round(Math.sqrt(area / aspect)) };
    if (box.width < 1 || box.width > width || box.height < 1 || box.height > height) continue;
    return { ...box, top: random.integer(height - box.height + 1), left: random.integer(width - box.width + 1) };
  }
  const box = {
    width: Math.min(width, Math.round(height * ratio[1])),
    height: Math.min(height, Math.round(width / ratio[0])),
  };
  return { ...box, top: (height - box.height) >> 1, left: (width - box.width) >> 1 };
}

/**
 * Stretches a box of an image over the whole of it: bilinear, pixel centres at halves, beyond the box's border its last
 * pixel (torchvision's `resized_crop` wherever the box is not larger than the image, so that nothing is shrunk).
 */
export function resizedCrop({ height, width, channels }: ImageShape): (image: Float32Array, box: Box) => void {
  const source = new Float32Array(height * width * channels);
  const across = new Taps(width);
  const down = new Taps(height);
  return (image, box) => {
    source.set(image);
    across.place(box.left, box.width);
    down.place(box.top, box.height);
    for (let row = 0; row < height; row++) {
      const above = down.low[row]! * width * channels;
      const below = down.high[row]! * width * channels;
      const weight = down.weight[row]!;
      for (let column = 0; column < width; column++) {
        const left = across.low[column]! * channels;
        const right = across.high[column]! * channels;
        const fraction = across.weight[column]!;
        const to = (row * width + column) * channels;
        for (let channel = 0; channel < channels; channel++) {
          const upper = source[above + left + channel]!;
          const lower = source[below + left + channel]!;
          const top = upper + fraction * (source[above + right + channel]! - upper);
          const bottom = lower + fraction * (source[below + right + channel]! - lower);
          image[to + channel] = top + weight * (bottom - top);
        }
      }
    }
  };
}

/** Between which two source pixels each pixel of one axis lies, and how far towards the second. */
class Taps {
  readonly low: Uint16Array;
  readonly high: Uint16Array;
  readonly weight: Float32Array;

  constructor(size: number) {
    this.low = new Uint16Array(size);
    this.high = new Uint16Array(size);
    this.weight = new Float32Array(size);
  }

  /** For a stretch from `from`, `length` long. */
  place(from: number, length: number): void {
    const size = this.low.length;
    for (let i = 0; i < size; i++) {
      const centre = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / size - 0.5));
      const low = Math.floor(centre);
      this.low[i] = from + low;
      this.high[i] = from + Math.min(length - 1, low + 1);
      this.weight[i] = centre - low;
    }
  }
}
