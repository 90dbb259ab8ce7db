import type { ClassifierModel, ImageEntry } from '@onnx-forge/infer';
import { useEffect, useRef } from 'preact/hooks';

/** How much the probability of a class falls when a patch of the image is hidden. */
export interface Occlusion {
  /** Mean over the patches that cover a pixel, [height * width]. */
  readonly falls: Float32Array;
  /** The greatest of them. */
  readonly most: number;
  readonly patches: number;
}

/**
 * Hides patches of a seventh of the image's side under the image's mean, one at a time, half a patch apart (Zeiler and Fergus
 * 2014, section 4.2).
 */
export async function occlusion(model: ClassifierModel, pixels: Float32Array, label: number): Promise<Occlusion> {
  const { image, classes } = model.manifest.serve;
  const { width, height, channels } = image;
  const side = Math.max(2, Math.round(Math.min(width, height) / 7));
  const step = Math.max(1, Math.floor(side / 2));
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const places: { left: number; top: number }[] = [];
  for (let top = 0; top + side <= height; top += step)
    for (let left = 0; left + side <= width; left += step) places.push({ left, top });
  const hidden = new Float32Array((places.length + 1) * pixels.length);
  hidden.set(pixels);
  for (const [index, place] of places.entries()) {
    const copy = hidden.subarray((index + 1) * pixels.length, (index + 2) * pixels.length);
    copy.set(pixels);
    eachPixel(place, side, width, (pixel) => copy.fill(mean, pixel * channels, (pixel + 1) * channels));
  }
  const rows = { type: 'float32', dims: [places.length + 1, pixels.length], data: hidden } as const;
  const { data } = (await model.classify(rows)).probabilities;
  const of = (row: number): number => data[row * classes.length + label]!;
  const [falls, covers] = [new Float32Array(width * height), new Float32Array(width * height)];
  for (const [index, place] of places.entries()) {
    eachPixel(place, side, width, (pixel) => {
      falls[pixel]! += of(0) - of(index + 1);
      covers[pixel]!++;
    });
  }
  for (let pixel = 0; pixel < falls.length; pixel++) falls[pixel]! /= Math.max(1, covers[pixel]!);
  return { falls, most: falls.reduce((a, b) => Math.max(a, b)), patches: places.length };
}

function eachPixel(
  { left, top }: { left: number; top: number },
  side: number,
  width: number,
  visit: (pixel: number) => void,
): void {
  for (let y = top; y < top + side; y++) for (let x = left; x < left + side; x++) visit(y * width + x);
}

interface SaliencyProps {
  readonly of: Occlusion;
  readonly image: ImageEntry;
  /** The class. */
  readonly name: string;
}

/** Where a classifier looks: the brighter, the more the probability falls when that place is hidden. */
export function Saliency({ of: { falls, most }, image: { width, height }, name }: SaliencyProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const bytes = new Uint8ClampedArray(4 * falls.length);
    for (let pixel = 0; pixel < falls.length; pixel++) {
      // From black through orange to white: readable in grey, and by the colour-blind.
      const part = Math.max(0, falls[pixel]! / Math.max(most, 1e-6));
      bytes.set([300 * part, 300 * part ** 1.7, 255 * part ** 4, 255], 4 * pixel);
    }
    context.putImageData(new ImageData(bytes, width, height), 0, 0);
  }, [falls, most, width, height]);
  return (
    <figure>
      <canvas ref={canvas} class="picture large" width={width} height={height} role="img" aria-label="where it looks" />
      <figcaption>
        fall of p({name}) when that place is hidden, up to {(100 * Math.max(0, most)).toFixed(1)} points
      </figcaption>
    </figure>
  );
}
