import type { RasterImage } from './raster.js';

/** `Exif\0\0`. */
const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];
const ORIENTATION = 0x0112;

/** Where pixel (x, y) of the upright image lies in the stored one, by Exif's numbers 1 to 8 (CIPA DC-008, 4.6.5). */
const STORED: readonly ((x: number, y: number, right: number, bottom: number) => readonly [x: number, y: number])[] = [
  (x, y) => [x, y],
  (x, y, right) => [right - x, y],
  (x, y, right, bottom) => [right - x, bottom - y],
  (x, y, _, bottom) => [x, bottom - y],
  (x, y) => [y, x],
  (x, y, _, bottom) => [y, bottom - x],
  (x, y, right, bottom) => [right - y, bottom - x],
  (x, y, right) => [right - y, x],
];

/** How a camera was held, 1 (upright) to 8, by the Exif data of a JPEG; 1 without them. */
export function jpegOrientation(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda; ) {
    const length = view.getUint16(at + 2);
    const isExif = bytes[at + 1] === 0xe1 && EXIF.every((byte, i) => bytes[at + 4 + i] === byte);
    const end = at + 2 + length;
    if (isExif && end <= bytes.length)
      return tiffOrientation(new DataView(view.buffer, view.byteOffset + at + 10, length - 8));
    at = end;
  }
  return 1;
}

/** Of the first directory of a TIFF file. */
function tiffOrientation(view: DataView): number {
  const little = view.byteLength >= 2 && view.getUint16(0) === 0x4949;
  const short = (at: number) => (at + 2 <= view.byteLength ? view.getUint16(at, little) : 0);
  const directory = view.byteLength >= 8 ? view.getUint32(4, little) : view.byteLength;
  const entries = short(directory);
  for (let at = directory + 2, entry = 0; entry < entries && at + 12 <= view.byteLength; at += 12, entry++) {
    if (short(at) !== ORIENTATION) continue;
    const value = short(at + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The image turned and mirrored as its orientation says. */
export function upright(image: RasterImage, orientation: number): RasterImage {
  const stored = STORED[orientation - 1];
  if (orientation === 1 || !stored) return image;
  const { channels, data } = image;
  const turned = orientation >= 5;
  const [width, height] = turned ? [image.height, image.width] : [image.width, image.height];
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = stored(x, y, image.width - 1, image.height - 1);
      const from = (fromY * image.width + fromX) * channels;
      for (let channel = 0; channel < channels; channel++) out[to++] = data[from + channel]!;
    }
  }
  return { width, height, channels, data: out };
}
