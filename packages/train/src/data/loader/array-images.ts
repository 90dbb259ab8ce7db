import { createHash, type Hash } from 'node:crypto';
import { exampleSize } from '../fields.js';
import type { NpyHeader } from '../formats/npy.js';
import { misfit } from '../misfit.js';
import { ContentHashes } from './content-hashes.js';
import { changed, type ImageRow, type ImageRows, KeptImages, RowCache } from './image-rows.js';
import { KEPT_BYTES } from './load-images.js';
import type { Positioned } from './positioned.js';

/** Bytes that are read at a time. */
const PIECE = 2 ** 22;

/** The images of an array, all of which have been looked at once. */
export interface ArrayImages {
  readonly rows: ImageRows;
  /** The byte that is white. Floats: no matter. */
  readonly white: 255 | 1;
  /** Of each image's levels. */
  readonly hashes: ContentHashes;
}

export interface ArrayImagesOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
  /** More bytes of levels than this are read again when they are used. Default: 1 GiB. */
  readonly keptBytes?: number | undefined;
  /** Takes the array's bytes, in their order. */
  readonly hash?: Hash;
}

/**
 * Looks at the images of a .npy file, piece by piece. Their levels are kept in memory, or, of a larger array, read again when they are
 * used: then memory does not grow with the file.
 *
 * @param header of an array [images, ...]
 * @throws DataError (`data-format`) levels of another type, or floats outside 0 to 1
 */
export async function arrayImages(
  file: Positioned,
  header: NpyHeader,
  { signal, onProgress, keptBytes = KEPT_BYTES, hash }: ArrayImagesOptions = {},
): Promise<ArrayImages> {
  const { dtype, begin, width } = header;
  const count = header.shape[0]!;
  const size = exampleSize(header.shape.slice(1));
  const isFloat = /^float/.test(dtype);
  if (!isFloat && dtype !== 'uint8' && dtype !== 'bool')
    throw misfit(file.file, `holds ${dtype}`, 'uint8 (0 to 255), or float32 or float64 in 0 to 1');
  const bytes = count * size * (isFloat ? 4 : 1);
  const kept = bytes > keptBytes ? undefined : isFloat ? new Float32Array(count * size) : new Uint8Array(count * size);
  const hashes = new ContentHashes(count);
  // Bytes of 0 and 1 only are black and white: as grey levels they could not be told from black.
  let white: 255 | 1 = isFloat ? 255 : 1;
  const perPiece = Math.max(1, Math.floor(PIECE / (size * width)));
  for (let from = 0; from < count; from += perPiece) {
    signal?.throwIfAborted();
    const images = Math.min(perPiece, count - from);
    const part = { at: begin + from * size * width, length: images * size * width };
    const [piece] = await file.read([part]);
    hash?.update(piece!);
    const levels = levelsOf(header, piece!);
    const wrong = isFloat ? levels.findIndex((level) => !(level >= 0 && level <= 1)) : -1;
    if (wrong >= 0) {
      const found = `holds ${header.read(piece!)[wrong]} in image ${from + Math.floor(wrong / size)}`;
      throw misfit(file.file, found, 'floats from 0 (black) to 1 (white)');
    }
    if (white === 1 && levels.some((level) => level > 1)) white = 255;
    for (let i = 0; i < images; i++) hashes.set(from + i, digestOf(levels.subarray(i * size, (i + 1) * size)));
    kept?.set(levels, from * size);
    onProgress?.(from + images, count);
  }
  return { rows: kept ? new KeptImages(kept, size) : new FileImages(file, header, hashes), white, hashes };
}

/** Bytes, or floats as float32. */
function levelsOf(header: NpyHeader, bytes: Uint8Array): ImageRow {
  const data = header.read(bytes);
  return data instanceof Uint8Array || data instanceof Float32Array ? data : Float32Array.from(data);
}

function digestOf({ buffer, byteOffset, byteLength }: ImageRow): Buffer {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest();
}

/** Images that are read from their file when they are used; one that is another one than before is refused. */
class FileImages implements ImageRows {
  readonly size: number;
  readonly #file: Positioned;
  readonly #header: NpyHeader;
  readonly #hashes: ContentHashes;
  readonly #cache: RowCache<ImageRow>;

  constructor(file: Positioned, header: NpyHeader, hashes: ContentHashes) {
    this.size = exampleSize(header.shape.slice(1));
    this.#file = file;
    this.#header = header;
    this.#hashes = hashes;
    this.#cache = new RowCache(4 * this.size);
  }

  row(index: number): ImageRow {
    return this.#cache.get(index) ?? this.#keep(index, this.#file.readNow(this.#part(index)));
  }

  async readAhead(indices: ArrayLike<number>): Promise<void> {
    const missing = [...new Set(Array.from(indices))].filter((index) => !this.#cache.get(index));
    const rows = await this.#file.read(missing.map((index) => this.#part(index)));
    for (const [i, index] of missing.entries()) this.#keep(index, rows[i]!);
  }

  #part(index: number) {
    const length = this.size * this.#header.width;
    return { at: this.#header.begin + index * length, length };
  }

  #keep(index: number, bytes: Uint8Array): ImageRow {
    const row = levelsOf(this.#header, bytes);
    if (Buffer.compare(digestOf(row), this.#hashes.at(index)) !== 0) throw changed(this.#file.file);
    return this.#cache.keep(index, row);
  }
}
