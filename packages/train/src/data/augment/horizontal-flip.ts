import type { ImageChange, ImageShape } from './augmentation.js';

/** Mirrors an image left to right. */
export function horizontalFlip({ width, channels }: ImageShape): ImageChange {
  const stride = width * channels;
  return (image) => {
    for (let row = 0; row < image.length; row += stride) {
      for (let left = row, right = row + stride - channels; left < right; left += channels, right -= channels) {
        for (let channel = 0; channel < channels; channel++) {
          const kept = image[left + channel]!;
          image[left + channel] = image[right + channel]!;
          image[right + channel] = kept;
        }
      }
    }
  };
}
