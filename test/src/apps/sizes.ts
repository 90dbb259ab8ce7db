import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BundleSizes } from '../matrix/row.js';

/** Bytes of the scripts and of the WebAssembly below a folder. */
export async function sizesOf(folder: string): Promise<BundleSizes> {
  const files = await readdir(folder, { recursive: true, encoding: 'utf8' });
  const [scripts, wasm] = [/\.[cm]?js$/, /\.wasm$/].map((ending) => files.filter((file) => ending.test(file)));
  const [ofScripts, ofWasm] = await Promise.all([total(folder, scripts!), total(folder, wasm!)]);
  return { scripts: ofScripts.raw, scriptsGzip: ofScripts.gzip, wasm: ofWasm.raw, wasmGzip: ofWasm.gzip };
}

async function total(folder: string, files: readonly string[]): Promise<{ raw: number; gzip: number }> {
  const sum = { raw: 0, gzip: 0 };
  for (const file of files) {
    const bytes = await readFile(join(folder, file));
    sum.raw += bytes.length;
    sum.gzip += gzipSync(bytes).length;
  }
  return sum;
}
