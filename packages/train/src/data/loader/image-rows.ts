import { DataError } from '../errors.js';
import type { ContentHashes } from './content-hashes.js';
import type { DecodedImage, DecodeJob } from './decode.js';
import type { DecodePool } from './decode-pool.js';

/** Levels of an image: bytes, or floats in [0, 1]. */
export type ImageRow = Uint8Array | Float32Array;

/** The levels of images of one size, by number. */
export interface ImageRows {
  /** Of one image. */
  readonly size: number;
  row(index: number): ImageRow;
  readAhead?(indices: ArrayLike<number>): Promise<void>;
}

/** Images in memory, one after the other. */
export class KeptImages implements ImageRows {
  constructor(
    readonly pixels: ImageRow,
    readonly size: number,
  ) {}

  row(index: number): ImageRow {
    return this.pixels.subarray(index * this.size, (index + 1) * this.size);
  }
}

/** Bytes of images that were read ahead, or used a short while ago. */
const CACHE_BYTES = 128 * 2 ** 20;

/** Images of these: each takes some 200 bytes beside its pixels. */
const CACHE_IMAGES = 2 ** 15;

/** Images that were read ahead, or used a short while ago; the oldest go first. */
export class RowCache<Row extends ImageRow> {
  readonly #rows = new Map<number, Row>();
  readonly #most: number;

  /** @param bytes of one image */
  constructor(bytes: number) {
    this.#most = Math.max(1, Math.min(CACHE_IMAGES, Math.floor(CACHE_BYTES / bytes)));
  }

  get(index: number): Row | undefined {
    return this.#rows.get(index);
  }

  keep(index: number, row: Row): Row {
    this.#rows.set(index, row);
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= this.#most) break;
      this.#rows.delete(oldest);
    }
    return row;
  }
}

/** An image whose file is another one than when the data were opened. */
export function changed(file: string): DataError {
  return new DataError('data-changed', `${file} has changed since the data were opened`, { path: file });
}

/** Images of an order to a thread. */
const PER_ORDER = 8;

/** Images that are decoded when they are used; one whose file has changed since is refused. */
export class DecodedImages implements ImageRows {
  readonly #jobOf: (index: number) => DecodeJob;
  readonly #hashes: ContentHashes;
  readonly #makePool: () => DecodePool;
  readonly #cache: RowCache<Uint8Array>;
  readonly #coming = new Map<number, Promise<void>>();
  #pool: DecodePool | undefined;

  constructor(
    jobOf: (index: number) => DecodeJob,
    readonly size: number,
    hashes: ContentHashes,
    makePool: () => DecodePool,
  ) {
    this.#jobOf = jobOf;
    this.#hashes = hashes;
    this.#makePool = makePool;
    this.#cache = new RowCache(size);
  }

  row(index: number): Uint8Array {
    const there = this.#cache.get(index);
    if (there) return there;
    return this.#keep(index, this.#threads().decodeNow(this.#jobOf(index)));
  }

  /** @throws the error of the first image that can't be decoded any more */
  async readAhead(indices: ArrayLike<number>): Promise<void> {
    const wanted = [...new Set(Array.from(indices))].filter((index) => !this.#cache.get(index));
    const missing = wanted.filter((index) => !this.#coming.has(index));
    for (let from = 0; from < missing.length; from += PER_ORDER) this.#fetch(missing.slice(from, from + PER_ORDER));
    await Promise.all(wanted.map((index) => this.#coming.get(index)));
  }

  #fetch(indices: readonly number[]): void {
    const done = this.#threads()
      .decode(indices.map(this.#jobOf))
      .then((images: readonly DecodedImage[]) => {
        for (const [i, index] of indices.entries()) this.#keep(index, images[i]!);
      })
      .finally(() => {
        for (const index of indices) this.#coming.delete(index);
      });
    done.catch(() => {}); // Those who wait for an image of it are told.
    for (const index of indices) this.#coming.set(index, done);
  }

  #keep(index: number, { data, sha256 }: DecodedImage): Uint8Array {
    if (sha256 !== this.#hashes.hex(index)) throw changed(this.#jobOf(index).file);
    return this.#cache.keep(index, data);
  }

  #threads(): DecodePool {
    this.#pool ??= this.#makePool();
    return this.#pool;
  }
}
