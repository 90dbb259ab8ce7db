/**
 * Changes of the colours of an image [pixels, 3] in [0, 1], in place, with the definitions of torchvision's
 * `adjust_brightness`, `adjust_contrast`, `adjust_saturation`, `adjust_hue` and `rgb_to_grayscale`.
 */

/** Brightness of a pixel: ITU-R 601-2 luma. */
export function luma(red: number, green: number, blue: number): number {
  return 0.2989 * red + 0.587 * green + 0.114 * blue;
}

function clamped(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/** factor * value. */
export function adjustBrightness(image: Float32Array, factor: number): void {
  for (let i = 0; i < image.length; i++) image[i] = clamped(factor * image[i]!);
}

/** factor * value + (1 - factor) * (mean luma of the image). */
export function adjustContrast(image: Float32Array, factor: number): void {
  let sum = 0;
  for (let i = 0; i < image.length; i += 3) sum += luma(image[i]!, image[i + 1]!, image[i + 2]!);
  const rest = ((1 - factor) * sum) / (image.length / 3);
  for (let i = 0; i < image.length; i++) image[i] = clamped(factor * image[i]! + rest);
}

/** factor * value + (1 - factor) * (luma of the pixel). */
export function adjustSaturation(image: Float32Array, factor: number): void {
  for (let i = 0; i < image.length; i += 3) {
    const level = luma(image[i]!, image[i + 1]!, image[i + 2]!);
    const rest = (1 - factor) * level;
    image[i] = clamped(factor * image[i]! + rest);
    image[i + 1] = clamped(factor * image[i + 1]! + rest);
    image[i + 2] = clamped(factor * image[i + 2]! + rest);
  }
}

/** Each channel becomes the luma of its pixel. */
export function grayscale(image: Float32Array): void {
  for (let i = 0; i < image.length; i += 3) {
    const level = luma(image[i]!, image[i + 1]!, image[i + 2]!);
    image[i] = level;
    image[i + 1] = level;
    image[i + 2] = level;
  }
}

/**
 * Turns the hue by `turns` of the colour circle; value and saturation (of HSV) stay. Largest and smallest channel of a
 * pixel keep their values, so only who is largest, who is smallest, and the one between need be found.
 */
export function adjustHue(image: Float32Array, turns: number): void {
  const shift = 6 * (turns - Math.floor(turns));
  for (let i = 0; i < image.length; i += 3) {
    const red = image[i]!;
    const green = image[i + 1]!;
    const blue = image[i + 2]!;
    const high = red > green ? (red > blue ? red : blue) : green > blue ? green : blue;
    const low = red < green ? (red < blue ? red : blue) : green < blue ? green : blue;
    const chroma = high - low;
    if (chroma === 0) continue;
    // The hue in sixths of the circle: 0 red, 2 green, 4 blue.
    let hue =
      high === red ? (green - blue) / chroma : high === green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma;
    hue += shift;
    if (hue < 0) hue += 6;
    else if (hue >= 6) hue -= 6;
    const sixth = hue | 0;
    const fraction = hue - sixth;
    const between = low + chroma * ((sixth & 1) === 0 ? fraction : 1 - fraction);
    image[i] = sixth === 0 || sixth === 5 ? high : sixth === 2 || sixth === 3 ? low : between;
    image[i + 1] = sixth === 1 || sixth === 2 ? high : sixth === 4 || sixth === 5 ? low : between;
    image[i + 2] = sixth === 3 || sixth === 4 ? high : sixth === 0 || sixth === 1 ? low : between;
  }
}
