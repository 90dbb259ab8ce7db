import { requireCount, requireInteger, requireInterval, requireSome } from './check.js';
import { FigureError } from './errors.js';
import { cellOrigin, gridSize } from './grid-layout.js';
import { frameGrid, type GridText } from './grid-text.js';
import { encodePng, type Raster } from './png.js';

/** How images are laid out. Lengths are in pixels of the PNG. */
export interface GridOptions extends GridText {
  /** Size of one image, in its own pixels. */
  readonly height: number;
  readonly width: number;
  /** 1: gray (default), 3: RGB, channels last. */
  readonly channels?: 1 | 3;
  /** Images per row; default: the smallest square that holds all. */
  readonly columns?: number;
  /** Between images and around them; default 2. */
  readonly padding?: number;
  /** The values drawn as black and as white (default [0, 1]); values outside are clamped. */
  readonly range?: readonly [number, number];
  /** Each image pixel becomes a square of scale x scale; default 1. */
  readonly scale?: number;
  /** Gray level of what is not image, 0 (black) .. 255 (white, the default). */
  readonly background?: number;
}

/**
 * A PNG of many small images in rows, read left to right, top to bottom. Without text it is exact: value v becomes the
 * byte round(255 (v - low) / (high - low)), every image pixel a square of `scale` x `scale`, a gray grid a gray PNG.
 * Labels, captions and a title are set around the same pixels (and then it is an RGB PNG).
 *
 * @param images one array [count, height, width, channels], or one array [height, width, channels] per image
 * @throws FigureError `bad-shape`, `not-finite`, `bad-option`
 */
export function grid(images: Float32Array | readonly Float32Array[], options: GridOptions): Uint8Array {
  const { height, width, channels = 1, padding = 2, range = [0, 1], scale = 1, background = 255 } = options;
  requireInteger(height, 'height', 1);
  requireInteger(width, 'width', 1);
  requireInteger(padding, 'padding', 0);
  requireInteger(scale, 'scale', 1);
  requireInterval(range, 'range');
  if (channels !== 1 && channels !== 3) {
    throw new FigureError('bad-option', `channels must be 1 (gray) or 3 (RGB), got ${channels}`, { channels });
  }
  if (!(Number.isInteger(background) && background >= 0 && background <= 255)) {
    throw new FigureError('bad-option', `background must be a gray level from 0 to 255, got ${background}`, {
      background,
    });
  }
  const cells = split(images, height * width * channels, `${height} x ${width} x ${channels}`);
  const columns = options.columns ?? Math.ceil(Math.sqrt(cells.length));
  requireInteger(columns, 'columns', 1);
  const rows = Math.ceil(cells.length / columns);
  if (options.rowLabels) requireCount(options.rowLabels.length, rows, 'rowLabels', 'row');
  if (options.columnLabels) requireCount(options.columnLabels.length, columns, 'columnLabels', 'column');
  if (options.captions) requireCount(options.captions.length, cells.length, 'captions', 'image');

  const bare = {
    rows,
    columns,
    cellWidth: width * scale,
    cellHeight: height * scale,
    gapX: padding,
    gapY: padding,
    caption: 0,
    left: 0,
    top: 0,
  };
  const { layout, raster } = frameGrid(bare, options, background) ?? {
    layout: bare,
    raster: blank(gridSize(bare), channels, background),
  };
  const toByte = byteOf(range);
  cells.forEach((cell, i) => {
    const [x, y] = cellOrigin(layout, Math.floor(i / columns), i % columns);
    paint(raster, cell, { x, y, width, height, channels, scale }, (value, at) => {
      if (Number.isFinite(value)) return toByte(value);
      throw new FigureError(
        'not-finite',
        `image ${i} holds ${value} at row ${Math.floor(at / channels / width)}, column ${Math.floor(at / channels) % width}: pixels must be finite numbers`,
        { image: i, offset: at, value },
      );
    });
  });
  return encodePng(raster);
}

/** One view per image. @throws FigureError `bad-shape` */
function split(images: Float32Array | readonly Float32Array[], size: number, shape: string): readonly Float32Array[] {
  requireSome(images.length, 'images');
  if (images instanceof Float32Array) {
    if (images.length % size !== 0) {
      throw new FigureError(
        'bad-shape',
        `${images.length} values are no whole number of images of ${shape} (${size} values each)`,
        { values: images.length, size },
      );
    }
    return Array.from({ length: images.length / size }, (_, i) => images.subarray(i * size, (i + 1) * size));
  }
  images.forEach((image, i) => {
    if (image.length !== size) {
      throw new FigureError('bad-shape', `image ${i} has ${image.length} values, but ${shape} needs ${size}`, {
        image: i,
        values: image.length,
        size,
      });
    }
  });
  return images;
}

function byteOf([low, high]: readonly [number, number]): (value: number) => number {
  const gain = 255 / (high - low);
  return (value) => Math.round(Math.min(255, Math.max(0, (value - low) * gain)));
}

function blank([width, height]: [number, number], channels: 1 | 3, background: number): Raster {
  return { width, height, channels, data: new Uint8Array(width * height * channels).fill(background) };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly scale: number;
}

/** Writes one image into the raster; a gray image on an RGB raster gets the same byte in each channel. */
function paint(raster: Raster, image: Float32Array, place: Place, toByte: (value: number, at: number) => number): void {
  const { x, y, width, height, channels, scale } = place;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const source = (row * width + column) * channels;
      for (let channel = 0; channel < raster.channels; channel++) {
        const at = source + Math.min(channel, channels - 1);
        const byte = toByte(image[at]!, at);
        for (let dy = 0; dy < scale; dy++) {
          for (let dx = 0; dx < scale; dx++) {
            const pixel = (y + row * scale + dy) * raster.width + x + column * scale + dx;
            raster.data[pixel * raster.channels + channel] = byte;
          }
        }
      }
    }
  }
}
