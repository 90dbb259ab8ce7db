import type { ImageEntry } from '@onnx-forge/infer';

/** Whether anything was drawn on the canvas. */
export function isEmpty(canvas: HTMLCanvasElement): boolean {
  return !inkOf(canvas).some((level) => level > 16);
}

/**
 * The drawing in the form of the data sets of digits: the ink's bounding box scaled to 20 pixels, its centre of mass in
 * the middle (LeCun et al. 1998). Grey levels in the image's range, [height * width].
 */
export function digitOf(canvas: HTMLCanvasElement, image: ImageEntry, binary: boolean): Float32Array {
  const ink = inkOf(canvas);
  const { width, height } = canvas;
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let i = 0; i < ink.length; i++) {
    if (ink[i]! <= 16) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  const scale = Math.max(right - left + 1, bottom - top + 1) / ((20 * image.height) / 28);
  const grey = new Float32Array(image.width * image.height);
  // Area average of the box, its centre at the centre: then moved by whole pixels to the centre of mass.
  const [midX, midY] = [(left + right + 1) / 2, (top + bottom + 1) / 2];
  const sample = (shiftX: number, shiftY: number): void => {
    const fine = 4;
    for (let y = 0; y < image.height; y++) {
      for (let x = 0; x < image.width; x++) {
        let sum = 0;
        for (let k = 0; k < fine * fine; k++) {
          const u = x - shiftX - image.width / 2 + ((k % fine) + 0.5) / fine;
          const v = y - shiftY - image.height / 2 + (Math.floor(k / fine) + 0.5) / fine;
          const [sourceX, sourceY] = [Math.floor(midX + u * scale), Math.floor(midY + v * scale)];
          if (sourceX >= 0 && sourceX < width && sourceY >= 0 && sourceY < height)
            sum += ink[sourceY * width + sourceX]!;
        }
        grey[y * image.width + x] = sum / (fine * fine * 255);
      }
    }
  };
  sample(0, 0);
  const mass = grey.reduce((sum, value) => sum + value, 0);
  const centre = (coordinate: (i: number) => number): number =>
    grey.reduce((sum, value, i) => sum + value * (coordinate(i) + 0.5), 0) / mass;
  const shiftX = Math.round(image.width / 2 - centre((i) => i % image.width));
  const shiftY = Math.round(image.height / 2 - centre((i) => Math.floor(i / image.width)));
  if (shiftX !== 0 || shiftY !== 0) sample(shiftX, shiftY);
  const [low, high] = image.range;
  return grey.map((value) => low + (high - low) * (binary ? Math.round(value) : value));
}

/** Brightness of the canvas, 0 to 255. */
function inkOf(canvas: HTMLCanvasElement): Uint8ClampedArray {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d', { willReadFrequently: true })!.getImageData(0, 0, width, height);
  return Uint8ClampedArray.from({ length: width * height }, (_, i) => data[4 * i]!);
}
