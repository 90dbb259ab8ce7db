import type { ImageChange, ImageShape } from './augmentation.js';

export interface RandomAffineOptions {
  /** Largest shift either way, as a part of height and width. */
  readonly shift: number;
  /** Largest change of size: 0.1 is from 1 / 1.1 to 1.1 times. */
  readonly scale: number;
  /** Largest turn either way, in degrees. */
  readonly turn: number;
  /** Largest change of width alone, as `scale`. */
  readonly stretch?: number;
}

/** Shifts, turns and resizes an image around its middle; bilinear, beyond the border its last pixel. */
export function randomAffine(
  { height, width, channels }: ImageShape,
  { shift, scale, turn, stretch = 0 }: RandomAffineOptions,
): ImageChange {
  const source = new Float32Array(height * width * channels);
  return (image, random) => {
    const spread = (reach: number) => reach * (2 * random.uniform() - 1);
    const angle = (spread(turn) * Math.PI) / 180;
    const size = (1 + scale) ** spread(1);
    const wide = (1 + stretch) ** spread(1);
    const middleX = (width - 1) / 2;
    const middleY = (height - 1) / 2;
    const shiftX = middleX + spread(shift) * width;
    const shiftY = middleY + spread(shift) * height;
    const cos = Math.cos(angle) / size;
    const sin = Math.sin(angle) / size;
    source.set(image);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const x = column - middleX;
        const y = row - middleY;
        const fromX = within((cos * x + sin * y) / wide + shiftX, width - 1);
        const fromY = within(cos * y - sin * x + shiftY, height - 1);
        // Both are at least 0.
        const left = fromX | 0;
        const top = fromY | 0;
        const partX = fromX - left;
        const partY = fromY - top;
        const right = left + 1 < width ? channels : 0;
        const below = top + 1 < height ? width * channels : 0;
        const to = (row * width + column) * channels;
        const at = (top * width + left) * channels;
        for (let channel = 0; channel < channels; channel++) {
          const from = at + channel;
          const upper = source[from]! + partX * (source[from + right]! - source[from]!);
          const lower = source[from + below]! + partX * (source[from + below + right]! - source[from + below]!);
          image[to + channel] = upper + partY * (lower - upper);
        }
      }
    }
  };
}

function within(value: number, largest: number): number {
  return value < 0 ? 0 : value > largest ? largest : value;
}
