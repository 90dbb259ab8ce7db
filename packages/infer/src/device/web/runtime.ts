import type { Env } from 'onnxruntime-common';
import { InputError } from '../../errors.js';
import { kindOf } from '../../typed-array.js';
import type { Runtime } from '../driver.js';
import { withoutLocation } from '../message.js';
import { SerialQueue } from '../queue.js';
import type { DeviceOptions, WasmPaths } from '../types.js';
import { absoluteUrl } from './page.js';
import { type SharedState, sharedState } from './shared.js';
import { type Build, isStartError, watchStart } from './start.js';

interface Package extends Pick<Runtime, 'InferenceSession' | 'Tensor'> {
  readonly env: Env;
}

/**
 * One build of onnxruntime-web. Its WebAssembly instance exists once a page, is configured before its first use, and
 * does one thing at a time: so all devices that use it share one queue.
 */
export class WebRuntime {
  readonly #build: Build;
  readonly #import: () => Promise<Package>;
  readonly #survivesFailures: boolean;

  constructor(build: Build, load: () => Promise<Package>, traits: Pick<Runtime, 'survivesFailures'>) {
    this.#build = build;
    this.#import = load;
    this.#survivesFailures = traits.survivesFailures;
  }

  /**
   * Throws InputError when options ask for another configuration than the page's first load did, and the error of a start
   * that failed before.
   */
  async load(options: DeviceOptions): Promise<Runtime> {
    const { env, InferenceSession, Tensor } = await this.#import();
    const state = sharedState(env);
    configure(env, state, options);
    const queue = new SerialQueue(state);
    const survivesFailures = this.#survivesFailures;
    const start: Runtime['start'] = async (create, release) => {
      if (state.started) return create();
      if (state.failure) throw state.failure;
      try {
        const made = await watchStart({ build: this.#build, module: moduleOf(env) }, create, release);
        state.started = true;
        return made;
      } catch (error) {
        state.failure = error as Error;
        throw error;
      }
    };
    return { InferenceSession, Tensor, queue, start, fillsFetches: false, survivesFailures };
  }
}

/** The address of onnxruntime's module, where the options named it. */
function moduleOf({ wasm }: Env): string | undefined {
  const { wasmPaths } = wasm;
  const module = typeof wasmPaths === 'object' ? wasmPaths?.mjs : undefined;
  return module && String(module);
}

function configure(env: Env, state: SharedState, { threads, wasmPaths }: DeviceOptions): void {
  const settings = JSON.stringify({ threads, wasmPaths });
  if (state.settings !== undefined) {
    if (settings === state.settings || (threads === undefined && wasmPaths === undefined)) return;
    throw new InputError(
      `onnxruntime-web was loaded with ${state.settings} and can't be changed to ${settings}: a page's first load decides`,
      { threads, wasmPaths },
    );
  }
  const paths = wasmPaths === undefined ? undefined : resolvePaths(wasmPaths);
  state.settings = settings;
  env.logLevel = 'fatal'; // its errors reach us as exceptions
  if (threads !== undefined) env.wasm.numThreads = threads;
  if (paths !== undefined) env.wasm.wasmPaths = paths;
}

/** onnxruntime-web would resolve some of them against its script and others against the page. */
function resolvePaths(paths: WasmPaths): Env.WasmPrefixOrFilePaths {
  if (typeof paths === 'string') return folderOf(paths);
  if (typeof paths !== 'object' || paths === null) {
    throw new InputError(`wasmPaths must be a folder's address or { mjs, wasm }, not ${kindOf(paths)}`);
  }
  const { mjs, wasm } = paths;
  return {
    ...(mjs === undefined ? {} : { mjs: absoluteUrl(mjs) }),
    ...(wasm === undefined ? {} : { wasm: absoluteUrl(wasm) }),
  };
}

/** onnxruntime-web puts the names of its files behind it. */
function folderOf(path: string): string {
  if (path === '') throw new InputError("wasmPaths is empty; the page's own folder is './'");
  const url = new URL(absoluteUrl(path));
  if (url.search !== '' || url.hash !== '') {
    const advice = "name the files, { mjs: '...?...', wasm: '...?...' }";
    throw new InputError(`wasmPaths '${path}' is a folder, which takes no query and no hash: ${advice}`, {
      wasmPaths: path,
    });
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

/**
 * onnxruntime-web's message without its number and prefix; what to do about those that a page's author can mend. What
 * failed at its start fails for as long as the page lives.
 */
export function explainError(error: unknown): string {
  if (isStartError(error)) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  const reason = message
    .replace(/^.*?ERROR_CODE: \d+, ERROR_MESSAGE: /s, '')
    .replace(/^no available backend found\. ERR: \[\w+\] /, '')
    .replace(/ Build with -sASSERTIONS for more info\.$/, '')
    .trim();
  if (/unsafe-eval|Content Security Policy/i.test(reason)) {
    return "the page's content security policy must allow WebAssembly: script-src 'wasm-unsafe-eval'";
  }
  if (/disallowed on ServiceWorkerGlobalScope/.test(reason)) {
    return 'a service worker has no import(): bundle it into one file, or load the model in a page or a web worker';
  }
  if (/Invalid URL|Failed to construct 'URL'|cannot determine the script source URL/.test(reason)) {
    return `a bundle of one file does not tell where it lies: say where onnxruntime-web's WebAssembly files are (option wasmPaths: a folder, or { mjs, wasm }), then reload the page (${reason})`;
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
