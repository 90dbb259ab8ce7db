import type { ImageChange, ImageShape } from './augmentation.js';

/** Covers a rectangle of random place and shape, of up to `area` of the image, with one random tone (Zhong et al. 2017). */
export function randomErasing({ height, width, channels }: ImageShape, area: number): ImageChange {
  return (image, random) => {
    const covered = area * random.uniform() * height * width;
    const aspect = 2 ** (2 * random.uniform() - 1);
    const high = Math.min(height, Math.round(Math.sqrt(covered * aspect)));
    const wide = Math.min(width, Math.round(Math.sqrt(covered / aspect)));
    const top = random.integer(height - high + 1);
    const left = random.integer(width - wide + 1);
    const tone = random.uniform();
    for (let row = top; row < top + high; row++) {
      image.fill(tone, (row * width + left) * channels, (row * width + left + wide) * channels);
    }
  };
}
