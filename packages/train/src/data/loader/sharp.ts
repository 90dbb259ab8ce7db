import { isJpeg, jpegComponents } from '../formats/jpeg.js';
import { jpegOrientation, upright } from '../formats/orientation.js';
import { isPng } from '../formats/png.js';
import type { RasterImage } from '../formats/raster.js';

/** The part of sharp that is used here; sharp is an optional peer, so its own types may not be there. */
type Sharp = (input: Uint8Array, options: Readonly<Record<string, unknown>>) => Pipeline;

interface Pipeline {
  extractChannel(channel: number): Pipeline;
  raw(): Pipeline;
  toBuffer(options: { readonly resolveWithObject: true }): Promise<{
    readonly data: Uint8Array;
    readonly info: { readonly width: number; readonly height: number; readonly channels: number };
  }>;
}

/** A name, not an import: the package is not needed. */
const PACKAGE = 'sharp';

/** A decoder of PNG and JPEG; undefined for an image that it does not read as the decoders of `formats` do. */
export type FastDecoder = (bytes: Uint8Array) => Promise<RasterImage | undefined>;

/** sharp's decoder (libvips), if the package is installed. Its settings are the process's, and so left as they are. */
export async function sharpDecoder(): Promise<FastDecoder | undefined> {
  let sharp: Sharp;
  try {
    sharp = ((await import(PACKAGE)) as { default: Sharp }).default;
  } catch {
    return undefined;
  }
  return async (bytes) => {
    const channels = plainChannels(bytes);
    if (channels === undefined) return undefined;
    try {
      const image = sharp(bytes, { ignoreIcc: true, limitInputPixels: 50_000_000 });
      // libvips gives grey as three equal channels.
      const { data, info } = await (channels === 1 ? image.extractChannel(0) : image)
        .raw()
        .toBuffer({ resolveWithObject: true });
      const { width, height } = info;
      if (info.channels !== channels) return undefined;
      return upright(
        { width, height, channels, data: new Uint8Array(data) },
        isJpeg(bytes) ? jpegOrientation(bytes) : 1,
      );
    } catch {
      return undefined; // The other decoder says what is wrong.
    }
  };
}

/** Channels of a grey or colour JPEG, or of a PNG of 8 bits a channel without palette and transparency. */
function plainChannels(bytes: Uint8Array): 1 | 3 | undefined {
  if (isJpeg(bytes)) {
    const components = jpegComponents(bytes);
    return components === 1 || components === 3 ? components : undefined;
  }
  if (!isPng(bytes) || bytes[24] !== 8 || hasChunk(bytes, 'tRNS')) return undefined;
  return bytes[25] === 0 ? 1 : bytes[25] === 2 ? 3 : undefined;
}

/** Whether a PNG has a chunk of this type before its pixels. */
function hasChunk(bytes: Uint8Array, type: string): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const here = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (here === type) return true;
    if (here === 'IDAT') return false;
  }
  return false;
}
