import type { ImageChange, ImageShape } from './augmentation.js';

export interface RandomLightOptions {
  /** Largest change of brightness either way, of the whole range. */
  readonly brightness: number;
  /** Largest change of contrast: 0.2 is from 1 / 1.2 to 1.2 times. */
  readonly contrast: number;
  /** Largest difference between one side of the image and the other, in a random direction. */
  readonly slope: number;
}

/** Lights an image anew, from one side too. Values stay in [0, 1]. */
export function randomLight({ height, width, channels }: ImageShape, options: RandomLightOptions): ImageChange {
  return (image, random) => {
    const spread = (reach: number) => reach * (2 * random.uniform() - 1);
    const bright = spread(options.brightness);
    const contrast = (1 + options.contrast) ** spread(1);
    const slope = spread(options.slope);
    const direction = Math.PI * random.uniform();
    const across = (slope * Math.cos(direction)) / width;
    const down = (slope * Math.sin(direction)) / height;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const light = bright + across * (column - width / 2) + down * (row - height / 2);
        const at = (row * width + column) * channels;
        for (let i = at; i < at + channels; i++) {
          const value = 0.5 + contrast * (image[i]! - 0.5) + light;
          image[i] = value < 0 ? 0 : value > 1 ? 1 : value;
        }
      }
    }
  };
}
