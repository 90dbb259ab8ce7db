import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';
import { ONNXRUNTIME_WEB } from './site.js';

/** The WebAssembly of the wasm and of the WebGPU driver. */
export const WASM_FILES = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.asyncify.wasm'];

/** Bundles a script for a page into a folder, with the WebAssembly files beside it; the script is `page.js`. */
export async function bundleForBrowser(entry: string, folder: string): Promise<BuildResult<{ metafile: true }>> {
  const result = await build({
    entryPoints: { page: entry },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    splitting: true,
    outdir: folder,
    metafile: true,
    logLevel: 'error',
  });
  for (const file of WASM_FILES) await cp(join(ONNXRUNTIME_WEB, file), join(folder, file));
  return result;
}

/** A page that runs the bundle. */
export const PAGE =
  '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="/page.js"></script>';

/** The script that gives a page all of infer, as `infer`. */
export const PAGE_SCRIPT: string = fileURLToPath(new URL('page.js', import.meta.url));
