import type { Env } from 'onnxruntime-common';
import { InputError } from '../../errors.js';
import type { Runtime } from '../driver.js';
import { withoutLocation } from '../message.js';
import { SerialQueue } from '../queue.js';
import type { DeviceOptions, WasmPaths } from '../types.js';
import { absoluteUrl } from './page.js';

interface Package extends Pick<Runtime, 'InferenceSession' | 'Tensor'> {
  readonly env: Env;
}

/**
 * One build of onnxruntime-web. Its WebAssembly instance exists once a page, is configured before its first use, and
 * does one thing at a time: so all devices that use it share one queue.
 */
export class WebRuntime {
  readonly #import: () => Promise<Package>;
  readonly #survivesFailures: boolean;
  readonly #queue = new SerialQueue();
  #settings: string | undefined;

  constructor(load: () => Promise<Package>, traits: Pick<Runtime, 'survivesFailures'>) {
    this.#import = load;
    this.#survivesFailures = traits.survivesFailures;
  }

  /** Throws InputError when options ask for another configuration than the page's first load did. */
  async load(options: DeviceOptions): Promise<Runtime> {
    const { env, InferenceSession, Tensor } = await this.#import();
    this.#configure(env, options);
    const survivesFailures = this.#survivesFailures;
    return { InferenceSession, Tensor, queue: this.#queue, fillsFetches: false, survivesFailures };
  }

  #configure(env: Env, { threads, wasmPaths }: DeviceOptions): void {
    const settings = JSON.stringify({ threads, wasmPaths });
    if (this.#settings !== undefined) {
      if (settings === this.#settings || (threads === undefined && wasmPaths === undefined)) return;
      throw new InputError(
        `onnxruntime-web was loaded with ${this.#settings} and can't be changed to ${settings}: a page's first load decides`,
        { threads, wasmPaths },
      );
    }
    this.#settings = settings;
    env.logLevel = 'fatal'; // its errors reach us as exceptions
    if (threads !== undefined) env.wasm.numThreads = threads;
    if (wasmPaths !== undefined) env.wasm.wasmPaths = resolvePaths(wasmPaths);
  }
}

/** onnxruntime-web would resolve some of them against its script and others against the page. */
function resolvePaths(paths: WasmPaths): Env.WasmPrefixOrFilePaths {
  if (typeof paths === 'string') return absoluteUrl(paths.endsWith('/') ? paths : `${paths}/`);
  const { mjs, wasm } = paths;
  return {
    ...(mjs === undefined ? {} : { mjs: absoluteUrl(mjs) }),
    ...(wasm === undefined ? {} : { wasm: absoluteUrl(wasm) }),
  };
}

/**
 * onnxruntime-web's message without its number and prefix; what to do about those that a page's author can mend. What
 * failed at its start fails for as long as the page lives.
 */
export function explainError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const reason = message
    .replace(/^.*?ERROR_CODE: \d+, ERROR_MESSAGE: /s, '')
    .replace(/^no available backend found\. ERR: \[\w+\] /, '')
    .replace(/ Build with -sASSERTIONS for more info\.$/, '')
    .trim();
  if (/unsafe-eval|Content Security Policy/i.test(reason)) {
    return "the page's content security policy must allow WebAssembly: script-src 'wasm-unsafe-eval'";
  }
  if (
    /fetching of the wasm failed|dynamically imported module|wasm streaming compile|expected magic word|previous call to 'init/.test(
      reason,
    )
  ) {
    return `onnxruntime-web's WebAssembly files could not be loaded: tell where they are (option wasmPaths), then reload the page (${reason})`;
  }
  return withoutLocation(reason);
}
