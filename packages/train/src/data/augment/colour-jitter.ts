import type { Random } from '@onnx-forge/infer';
import type { ImageChange } from './augmentation.js';
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './colour.js';

export interface ColourJitterOptions {
  /** The factor is drawn from [1 - brightness, 1 + brightness], and so on; not below 0. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turns of the colour circle are drawn from [-hue, hue]. */
  readonly hue: number;
}

type Adjust = (image: Float32Array, amount: number) => void;

/** Changes brightness, contrast, saturation and hue of an RGB image by random amounts in a random order (torchvision's ColorJitter). */
export function colourJitter({ brightness, contrast, saturation, hue }: ColourJitterOptions): ImageChange {
  const adjustments: readonly (readonly [Adjust, centre: number, reach: number])[] = [
    [adjustBrightness, 1, brightness],
    [adjustContrast, 1, contrast],
    [adjustSaturation, 1, saturation],
    [adjustHue, 0, hue],
  ];
  const order = new Uint8Array(adjustments.length);
  return (image, random) => {
    shuffle(order, random);
    for (const which of order) {
      const [adjust, centre, reach] = adjustments[which]!;
      const drawn = centre + reach * (2 * random.uniform() - 1);
      adjust(image, centre === 0 ? drawn : Math.max(0, drawn));
    }
  };
}

/** 0 .. n - 1 in random order (Fisher-Yates), in the array that is there. */
function shuffle(order: Uint8Array, random: Random): void {
  for (let i = 0; i < order.length; i++) {
    const other = random.integer(i + 1);
    order[i] = order[other]!;
    order[other] = i;
  }
}
