import { decompressZstd } from 'hyparquet-compressors';

/** The most bytes of a block (RFC 8878, 3.1.1.2.4). */
const BLOCK = 2 ** 17;
/** A decoder must offer this much for windows (RFC 8878, 3.1.1.1.2); larger ones only as far as the data go. */
const WINDOW = 2 ** 23;

export const unpackZstd: (input: Uint8Array) => Uint8Array = decompressZstd;

/**
 * Walks through the frames and blocks of Zstandard (RFC 8878) without unpacking them: the library makes room for any window and any size
 * that a frame claims.
 *
 * @throws Error if they can't make up `size` bytes
 */
export function requireZstd(input: Uint8Array, size: number): void {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const fault = new Error(`Zstandard data that are not those of ${size} bytes`);
  let [at, least, most] = [0, 0, 0];
  while (at < input.length) {
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    const frame = frameOf(view, at);
    if (frame.window > Math.max(WINDOW, 2 * size) || (frame.size ?? 0) > size) throw fault;
    at = frame.blocks;
    for (let last = false; !last; ) {
      const block = view.getUint16(at, true) + view.getUint8(at + 2) * 2 ** 16;
      last = (block & 1) === 1;
      const [kind, length] = [(block >>> 1) & 3, block >>> 3];
      at += 3 + (kind === 1 ? 1 : length);
      // Raw bytes, and one byte many times, are as long as they say; packed ones at most a block.
      if (kind < 2) least += length;
      most += kind < 2 ? length : BLOCK;
      if (least > size || length > BLOCK) throw fault;
    }
    at += frame.checksum;
  }
  if (at !== input.length || most < size) throw fault;
}

/** Where a frame's blocks begin, its window, its size if it tells it, and the length of its checksum. */
function frameOf(view: DataView, at: number) {
  const flags = view.getUint8(at + 4);
  const isSingle = ((flags >>> 5) & 1) === 1;
  const dictionary = [0, 1, 2, 4][flags & 3]!;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >>> 6]!;
  const sizeAt = at + (isSingle ? 5 : 6) + dictionary;
  const size = sizeOf(view, sizeAt, sizeBytes);
  const descriptor = isSingle ? 0 : view.getUint8(at + 5);
  const base = 2 ** (10 + (descriptor >>> 3));
  const window = isSingle ? size! : base + (base / 8) * (descriptor & 7);
  return { blocks: sizeAt + sizeBytes, size, window, checksum: flags & 4 };
}

function sizeOf(view: DataView, at: number, bytes: number): number | undefined {
  switch (bytes) {
    case 0:
      return undefined;
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
