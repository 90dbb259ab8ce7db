import { type Device, load, type Model, openDevice } from '@onnx-forge/infer';
import type { ModelSubject, SessionSubject, Values } from './check.js';
import { modelChecks } from './models.js';
import { sessionChecks } from './sessions.js';

/** The result of one check, as it crosses from the page to the test. */
export interface PageOutcome {
  readonly error?: string;
  readonly values?: Readonly<Record<string, readonly number[]>>;
}

/** The bytes of what sessions are opened with. */
export type PageGraphs = Readonly<Record<'bytes' | 'evenOnly' | 'outside', readonly number[]>>;

/** The suite, as a page offers it. */
export interface ConformancePage {
  session(check: string, device: Device, graphs: PageGraphs): Promise<PageOutcome>;
  model(check: string, device: Device, url: string, calls: number): Promise<PageOutcome>;
}

const models = new Map<string, Promise<Model>>();

function loaded(url: string, device: Device): Promise<Model> {
  const key = `${device} ${url}`;
  let model = models.get(key);
  if (!model) {
    model = load(url, { device });
    models.set(key, model);
  }
  return model;
}

async function outcome(run: () => Promise<Values | undefined>): Promise<PageOutcome> {
  try {
    const values = Object.entries((await run()) ?? {}).map(([name, data]) => [name, Array.from(data)] as const);
    return { values: Object.fromEntries(values) };
  } catch (error) {
    return { error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) };
  }
}

const offered: ConformancePage = {
  session: (check, device, graphs) =>
    outcome(async () => {
      const bytes = Uint8Array.from(graphs.bytes);
      await using granted = await openDevice({ device });
      const subject: SessionSubject = {
        device,
        bytes,
        evenOnly: Uint8Array.from(graphs.evenOnly),
        outside: Uint8Array.from(graphs.outside),
        open: (options) => granted.open(bytes, options),
        openBytes: (other, options) => granted.open(other, { name: 'f.onnx', ...options }),
      };
      return await sessionChecks[check]!(subject);
    }),
  model: (check, device, url, calls) =>
    outcome(async () => {
      const model = await loaded(url, device);
      const subject: ModelSubject = { model, load: () => load(url, { device }), calls };
      return modelChecks[model.kind][check]!(subject);
    }),
};

Object.assign(globalThis, { conformance: offered });
