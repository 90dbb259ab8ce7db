import { luma } from '../augment/colour.js';
import { exampleSize } from '../fields.js';
import type { RasterImage } from '../formats/raster.js';
import { resample, type Size } from '../prepare/resample.js';

/** How images are changed when they are read. */
export interface ImageOptions {
  /** Brought to this size: stretched, or of `crop` only the middle. */
  readonly resize?: Size;
  /** Leaves out what does not fit the shape of `resize`, at two opposite sides as much. */
  readonly crop?: boolean;
  /** Colours become their luma. */
  readonly grey?: boolean;
}

/** The image as the options want it. */
export function changeImage(image: RasterImage, { resize, grey, crop }: ImageOptions): RasterImage {
  const coloured = grey && image.channels === 3 ? greyOf(image) : image;
  const { width, height } = coloured;
  if (!resize || (resize.width === width && resize.height === height)) return coloured;
  const { channels } = coloured;
  const box = crop ? middleOf({ height, width }, resize) : { height, width, top: 0, left: 0 };
  const data = new Uint8Array(exampleSize([resize.height, resize.width, channels]));
  for (let channel = 0; channel < channels; channel++) {
    const plane = coloured.data.filter((_, i) => i % channels === channel);
    const fitted = resample(plane, { height, width }, box, resize);
    fitted.forEach((level, i) => {
      data[i * channels + channel] = Math.round(level);
    });
  }
  return { ...resize, channels, data };
}

/** The largest box around the middle that has the shape of `to`; its sides may lie within pixels. */
function middleOf({ height, width }: Size, to: Size): Size & { readonly top: number; readonly left: number } {
  const scale = Math.min(height / to.height, width / to.width);
  const box = { height: scale * to.height, width: scale * to.width };
  return { ...box, top: (height - box.height) / 2, left: (width - box.width) / 2 };
}

function greyOf({ width, height, data }: RasterImage): RasterImage {
  const grey = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.round(luma(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!)),
  );
  return { width, height, channels: 1, data: grey };
}
