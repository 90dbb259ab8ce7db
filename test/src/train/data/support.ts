import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Random } from '@onnx-forge/infer';
import type { Split } from '@onnx-forge/train';
import type { DataSetDescription, FileDescription } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { skip } from '../../mocha/skip.js';

/** Runs `body` and returns the error of class `Type` that it must throw or reject with; the message must be one line. */
export async function failure<E extends Error>(
  Type: abstract new (...args: never[]) => E,
  body: () => unknown,
): Promise<E> {
  let caught: unknown;
  try {
    await body();
  } catch (error) {
    caught = error;
  }
  expect(caught, 'an error was expected').to.be.instanceOf(Type);
  expect((caught as Error).message).to.not.include('\n');
  return caught as E;
}

/** A folder that lasts as long as the enclosing suite's current test. */
export function temporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'onnx-forge-data-'));
  });
  afterEach(() => rmSync(folder.path, { recursive: true, force: true }));
  return folder;
}

/** Bytes that don't compress. */
export function randomBytes(count: number): Uint8Array {
  const random = new Random(count);
  return Uint8Array.from({ length: count }, () => random.uint32() & 255);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A one-file data set whose field `x` is the file's bytes, published packed. */
export function toySet(content: Uint8Array, urls: readonly string[] = []): DataSetDescription & { packed: Uint8Array } {
  const packed = gzipSync(content);
  const file: FileDescription = {
    name: 'toy.bin',
    bytes: content.length,
    sha256: sha256(content),
    gzip: { bytes: packed.length, sha256: sha256(packed) },
    urls,
  };
  return {
    name: 'toy',
    title: 'a toy',
    task: 'tests',
    source: 'here',
    terms: 'none',
    sizes: { train: content.length, validation: content.length, test: content.length },
    folder: 'toys',
    files: [file],
    packed,
    async load({ read }) {
      const { bytes } = await read('toy.bin');
      const split = byteSplit(bytes);
      return { train: split, validation: split, test: split };
    },
  };
}

/** A split whose field `x` [1] is the byte itself and `label` the byte as int32. */
export function byteSplit(bytes: ArrayLike<number>): Split {
  const read = (index: number, out: { [at: number]: number }, offset: number): void => {
    out[offset] = bytes[index]!;
  };
  return {
    size: bytes.length,
    fields: { x: { shape: [1], dtype: 'float32', read }, label: { shape: [], dtype: 'int32', read } },
  };
}

/** The folder with the real data sets, or why there is none; skips the running test for that reason. */
export function realData(context: Mocha.Context): string {
  const folder = process.env.ONNX_FORGE_DATA;
  return folder || skip(context, 'ONNX_FORGE_DATA does not name a folder with the real data sets');
}
