import { exampleSize } from '../fields.js';
import type { ImageOptions } from './change-image.js';
import { ContentHashes } from './content-hashes.js';
import { type DecodedImage, type DecodeJob, decodeJob } from './decode.js';
import { type Attempt, DecodePool } from './decode-pool.js';
import { DecodedImages, type ImageRows, KeptImages } from './image-rows.js';
import { sharpDecoder } from './sharp.js';

export interface LoadImagesOptions {
  readonly change: ImageOptions;
  readonly signal?: AbortSignal | undefined;
  onProgress?: ((done: number, of: number) => void) | undefined;
  /** Refuses an image that differs from the first. */
  check(image: DecodedImage, index: number, first: DecodedImage): void;
  /** More bytes of pixels than this are decoded anew whenever they are used. Default: {@link KEPT_BYTES}. */
  readonly keptBytes?: number | undefined;
}

/** Images of one size, all of which have been decoded once. */
export interface LoadedImages {
  readonly rows: ImageRows;
  readonly first: Pick<DecodedImage, 'width' | 'height' | 'channels'>;
  /** Of each image's file. */
  readonly hashes: ContentHashes;
  /** Of all files together. */
  readonly bytes: number;
}

/** 1 GiB. */
export const KEPT_BYTES: number = 2 ** 30;

/** Fewer images than this are decoded before threads have started. */
const WORTH_THREADS = 128;

/** Images of an order to a thread. */
const PER_ORDER = 16;

/**
 * Reads and decodes every image once, in threads where there are many. Their pixels are kept in memory, or, of a set larger
 * than `keptBytes`, decoded again when they are used: then memory does not grow with the number of images.
 *
 * @param jobOf called whenever an image is decoded: paths need not be kept
 * @throws DataError (`data-damaged`, `data-format`) for the first image, in their order, that can't be used
 */
export async function loadImages(
  count: number,
  jobOf: (index: number) => DecodeJob,
  options: LoadImagesOptions,
): Promise<LoadedImages> {
  const { change, signal, onProgress, check, keptBytes = KEPT_BYTES } = options;
  const pool = count >= WORTH_THREADS ? new DecodePool(change) : undefined;
  const fast = pool ? undefined : await sharpDecoder();
  const hashes = new ContentHashes(count);
  let bytes = 0;
  let first: DecodedImage | undefined;
  let kept: Uint8Array | undefined;
  const take = (image: DecodedImage, index: number): void => {
    if (first) check(image, index, first);
    else {
      const all = count * image.data.length;
      first = image;
      kept = all <= keptBytes ? new Uint8Array(all) : undefined;
    }
    kept?.set(image.data, index * image.data.length);
    hashes.set(index, Buffer.from(image.sha256, 'hex'));
    bytes += image.bytes;
  };
  try {
    for await (const [index, image] of attempts(count, jobOf, { change, pool, fast, signal })) {
      if (image instanceof Error) throw image;
      take(image, index);
      if (index % 256 === 255) onProgress?.(index + 1, count);
    }
  } catch (error) {
    await pool?.close();
    throw error;
  }
  const { width, height, channels } = first!;
  const size = exampleSize([height, width, channels]);
  if (kept) await pool?.close();
  const rows = kept
    ? new KeptImages(kept, size)
    : new DecodedImages(jobOf, size, hashes, () => pool ?? new DecodePool(change));
  return { rows, first: { width, height, channels }, hashes, bytes };
}

interface Decoding {
  readonly change: ImageOptions;
  readonly pool: DecodePool | undefined;
  readonly fast: Awaited<ReturnType<typeof sharpDecoder>>;
  readonly signal: AbortSignal | undefined;
}

/** Every image in its order, or why it can't be decoded. @param jobOf as for {@link loadImages} */
export async function* tryImages(
  count: number,
  jobOf: (index: number) => DecodeJob,
  { change, signal }: Pick<LoadImagesOptions, 'change' | 'signal'>,
): AsyncGenerator<readonly [index: number, image: Attempt]> {
  const pool = count >= WORTH_THREADS ? new DecodePool(change) : undefined;
  try {
    const fast = pool ? undefined : await sharpDecoder();
    yield* attempts(count, jobOf, { change, pool, fast, signal });
  } finally {
    await pool?.close();
  }
}

/** The threads are a few orders ahead. */
async function* attempts(
  count: number,
  jobOf: (index: number) => DecodeJob,
  { change, pool, fast, signal }: Decoding,
): AsyncGenerator<readonly [index: number, image: Attempt]> {
  if (!pool) {
    for (let index = 0; index < count; index++) {
      signal?.throwIfAborted();
      yield [index, await decodeJob(jobOf(index), change, fast).catch((error: Error) => error)];
    }
    return;
  }
  const waiting: { from: number; images: Promise<Attempt[]> }[] = [];
  let next = 0;
  while (next < count || waiting.length > 0) {
    signal?.throwIfAborted();
    while (next < count && waiting.length < 3 * pool.threads) {
      const from = next;
      next = Math.min(count, next + PER_ORDER);
      const images = pool.attempt(Array.from({ length: next - from }, (_, i) => jobOf(from + i)));
      images.catch(() => {}); // Told when its turn comes.
      waiting.push({ from, images });
    }
    const { from, images } = waiting.shift()!;
    for (const [i, image] of (await images).entries()) yield [from + i, image];
  }
}
