import { type Device, load, type Model, openDevice } from '@onnx-forge/infer';
import type { Page } from 'playwright-core';
import { external, floats, ints, onnxModel } from '../onnx.js';
import type { ModelSubject, SessionSubject, Values } from './check.js';
import { modelChecks } from './models.js';
import type { ConformancePage, PageOutcome } from './page.js';
import { sessionChecks } from './sessions.js';

/** y = 2 x + 1, s = sum of x over the last axis. */
const affine = onnxModel({
  inputs: { x: ['n', 3] },
  outputs: { y: ['n', 3], s: ['n', 1] },
  nodes: [
    ['Mul', ['x', 'two'], 'doubled'],
    ['Add', ['doubled', 'one'], 'y'],
    ['ReduceSum', ['x', 'axis'], 's'],
  ],
  constants: { two: floats([2]), one: floats([1]), axis: ints([1]) },
});

/** Reshapes its rows of 3 into two rows. */
const evenOnly = onnxModel({
  inputs: { x: ['n', 3] },
  outputs: { y: [2, 'm'] },
  nodes: [
    ['Reshape', ['x', 'shape'], 'pair'],
    ['Exp', ['pair'], 'y'],
  ],
  constants: { shape: ints([2, -1]) },
});

/** Adds numbers that lie in another file. */
const outside = onnxModel({
  inputs: { x: ['n', 2000] },
  outputs: { y: ['n', 2000] },
  nodes: [['Add', ['x', 'numbers'], 'y']],
  constants: { numbers: external([2000], 'beside.data', 4096) },
});

/** A tiny model for the many calls at once, and recipes of each kind, dense and convolutional. `set`: options of the recipe. */
export const RUNS = {
  tiny: { kind: 'latent', calls: 200 },
  'vae-2d': { kind: 'latent', calls: 10 },
  cvae: { kind: 'conditional', calls: 10 },
  gan: { kind: 'generator', calls: 10 },
  classifier: { kind: 'classifier', calls: 10 },
  siamese: { kind: 'embedding', calls: 3, set: { imageHeight: 56, imageWidth: 46, imagesPerPerson: 4 } },
  'text-cnn': { kind: 'text-classifier', calls: 5 },
  seq2seq: { kind: 'translator', calls: 5 },
  transformer: { kind: 'language-model', calls: 5 },
} as const;
export type Run = keyof typeof RUNS;

/** Where a check can be run: this process, or a page. */
export interface Place {
  session(check: string, device: Device): Promise<Values | undefined>;
  model(check: string, device: Device, run: Run): Promise<Values | undefined>;
}

/** This process. */
export class NodePlace implements Place {
  readonly #folderOf: (run: Run) => string;
  readonly #models = new Map<string, Promise<Model>>();
  /** Of checks on the CPU: what the others are compared with. */
  readonly #results = new Map<string, Promise<Values | undefined>>();

  constructor(folderOf: (run: Run) => string) {
    this.#folderOf = folderOf;
  }

  async session(check: string, device: Device): Promise<Values | undefined> {
    await using granted = await openDevice({ device });
    const subject: SessionSubject = {
      device,
      bytes: affine,
      evenOnly,
      outside,
      open: (options) => granted.open(affine, options),
      openBytes: (bytes, options) => granted.open(bytes, { name: 'f.onnx', ...options }),
    };
    return await sessionChecks[check]!(subject);
  }

  model(check: string, device: Device, run: Run): Promise<Values | undefined> {
    const key = [check, device, run].join();
    let result = this.#results.get(key);
    if (!result) {
      result = this.#check(check, device, run);
      this.#results.set(key, result);
    }
    return result;
  }

  async dispose(): Promise<void> {
    for (const model of this.#models.values()) await (await model).dispose();
  }

  async #check(check: string, device: Device, run: Run): Promise<Values | undefined> {
    const key = `${device} ${run}`;
    const open = (): Promise<Model> => load(this.#folderOf(run), { device });
    const loading = this.#models.get(key) ?? open();
    this.#models.set(key, loading);
    const subject: ModelSubject = { model: await loading, load: open, calls: RUNS[run].calls };
    return modelChecks[RUNS[run].kind][check]!(subject);
  }
}

/** A page that offers the suite. */
export class ChromiumPlace implements Place {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async session(check: string, device: Device): Promise<Values | undefined> {
    return unwrap(
      await this.#page.evaluate(
        ([name, on, graphs]) => (globalThis as unknown as Globals).conformance.session(name, on, graphs),
        [check, device, { bytes: [...affine], evenOnly: [...evenOnly], outside: [...outside] }] as const,
      ),
    );
  }

  async model(check: string, device: Device, run: Run): Promise<Values | undefined> {
    return unwrap(
      await this.#page.evaluate(
        ([name, on, url, calls]) => (globalThis as unknown as Globals).conformance.model(name, on, url, calls),
        [check, device, `runs/${run}`, RUNS[run].calls] as const,
      ),
    );
  }
}

interface Globals {
  readonly conformance: ConformancePage;
}

function unwrap({ error, values }: PageOutcome): Values | undefined {
  if (error !== undefined) throw new Error(`in the page: ${error}`);
  return values && Object.keys(values).length > 0 ? values : undefined;
}
