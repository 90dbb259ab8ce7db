const SIDE = 28;
export const PIXELS = SIDE * SIDE;

/** A picture as the run wants it: 28 x 28 in black and white, float32 [784], its largest square from the middle. */
export async function readImage(file, { invert = false } = {}) {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  context.drawImage(bitmap, left, top, side, side, 0, 0, SIDE, SIDE);
  bitmap.close();
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Float32Array.from({ length: PIXELS }, (_, i) => {
    const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
    const grey = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
    return Number((invert ? 1 - grey : grey) > 0.5);
  });
}

/** A canvas of an image [784] in [0, 1]. */
export function drawImage(pixels) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const picture = new ImageData(SIDE, SIDE);
  pixels.forEach((value, i) => {
    picture.data.fill(Math.round(255 * value), 4 * i, 4 * i + 3);
    picture.data[4 * i + 3] = 255;
  });
  canvas.getContext('2d').putImageData(picture, 0, 0);
  return canvas;
}
