import { InputError } from '@onnx-forge/infer';
import type { ImageBytes } from './image-bytes.js';

/**
 * Decodes what TensorFlow reads of BMP: 24 or 32 bits a pixel, or 8 bits of grey, not compressed, rows up or down.
 *
 * @param channels 0: those of the file, 3, or 4
 * @throws InputError another kind of BMP, or one that is cut off
 */
export function decodeBmp(bytes: Uint8Array, channels: 0 | 3 | 4 = 0): ImageBytes {
  if (bytes.length < 54) throw new InputError(`the BMP is cut off: ${bytes.length} bytes, its header alone has 54`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [start, headerSize] = [view.getUint32(10, true), view.getUint32(14, true)];
  const [width, signedHeight] = [view.getInt32(18, true), view.getInt32(22, true)];
  const [bits, compression] = [view.getUint16(28, true), view.getUint32(30, true)];
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0)
    throw new InputError(`the BMP is damaged: it claims to be ${width} x ${height} pixels`);
  requirePlain(view, { bits, compression, headerSize, start });
  const inFile = (bits / 8) as 1 | 3 | 4;
  const rowBytes = Math.ceil((width * inFile) / 4) * 4;
  if (start + rowBytes * height > bytes.length) {
    throw new InputError(`the BMP is cut off: ${bytes.length} bytes instead of ${start + rowBytes * height}`);
  }
  const wanted = channels === 0 ? inFile : channels;
  const out = new Uint8Array(width * height * wanted);
  for (let row = 0, to = 0; row < height; row++) {
    const line = start + rowBytes * (signedHeight < 0 ? row : height - 1 - row);
    for (let column = 0; column < width; column++, to += wanted) {
      const from = line + column * inFile;
      // Blue, green, red in the file; grey is all three.
      out[to] = bytes[from + (inFile === 1 ? 0 : 2)]!;
      if (wanted >= 3) out[to + 1] = bytes[from + (inFile === 1 ? 0 : 1)]!;
      if (wanted >= 3) out[to + 2] = bytes[from]!;
      if (wanted === 4) out[to + 3] = inFile === 4 ? bytes[from + 3]! : 255;
    }
  }
  return { width, height, channels: wanted, data: out };
}

/** Refuses what would need a palette, a decompressor or other masks than blue, green, red, alpha. */
function requirePlain(
  view: DataView,
  header: { bits: number; compression: number; headerSize: number; start: number },
): void {
  const { bits, compression, headerSize, start } = header;
  const refuse = (found: string): never => {
    throw new InputError(
      `a BMP must have 8 (grey), 24 or 32 bits a pixel and no compression, but this one has ${found}`,
    );
  };
  if (![8, 24, 32].includes(bits)) refuse(`${bits} bits a pixel`);
  const hasMasks = compression === 3 && bits === 32 && view.byteLength >= 66;
  if (compression !== 0 && !hasMasks) refuse(`compression ${compression}`);
  if (hasMasks && [0xff0000, 0xff00, 0xff].some((mask, i) => view.getUint32(54 + 4 * i, true) !== mask)) {
    refuse('other masks than those of red, green and blue bytes');
  }
  if (bits !== 8) return;
  const palette = 14 + headerSize;
  for (let i = 0; palette + 4 * i + 4 <= Math.min(start, view.byteLength); i++) {
    const entry = view.getUint32(palette + 4 * i, true) & 0xffffff;
    if (entry !== i * 0x010101) refuse('a palette of other colours than 256 greys');
  }
}
