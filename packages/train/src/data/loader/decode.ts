import { createHash } from 'node:crypto';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { DataError, FormatError, type FormatFault } from '../errors.js';
import type { FileContent } from '../formats/gzip.js';
import { decodeImage } from '../formats/image.js';
import type { RasterImage } from '../formats/raster.js';
import { changeImage, type ImageOptions } from './change-image.js';
import type { FastDecoder } from './sharp.js';

/** An image to decode: its bytes, or the file that has them. */
export interface DecodeJob {
  /** The name of the file in messages, and its path where `bytes` are not given. */
  readonly file: string;
  readonly bytes?: Uint8Array | undefined;
}

/** An image as it is used, and what is known of its file. */
export interface DecodedImage extends RasterImage {
  /** Of the file's bytes. */
  readonly sha256: string;
  readonly bytes: number;
}

/** @throws DataError (`data-damaged`) a file that can't be read; FormatError one that is no image */
export async function decodeJob(
  { file, bytes }: DecodeJob,
  options: ImageOptions,
  fast: FastDecoder | undefined,
): Promise<DecodedImage> {
  const content = bytes ? { file, bytes } : await contentOf(file);
  const image = changeImage((await fast?.(content.bytes)) ?? decodeImage(content), options);
  const sha256 = createHash('sha256').update(content.bytes).digest('hex');
  return { ...image, sha256, bytes: content.bytes.length };
}

/** The bytes of a file of a user's own. @throws DataError (`data-damaged`) it can't be read */
export async function contentOf(path: string, signal?: AbortSignal): Promise<FileContent> {
  try {
    return { file: path, bytes: await readRegularFile(path, signal) };
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError('data-damaged', `${path} can't be read: ${reason}`, { path }, { cause: error });
  }
}

/** An error on its way from a worker thread. */
export interface SentError {
  readonly code?: string;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export function toSent(error: unknown): SentError {
  if (!(error instanceof DataError)) return { message: error instanceof Error ? error.message : String(error) };
  return { code: error.code, message: error.message, data: error.data };
}

export function fromSent({ code, message, data = {} }: SentError): Error {
  if (code === undefined) return new Error(message);
  if (code === 'data-format' && 'offset' in data) return new FormatError(data as unknown as FormatFault);
  return new DataError(code as DataError['code'], message, data);
}
