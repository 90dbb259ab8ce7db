import {
  type AnyManifest,
  type DeviceRequest,
  ForgeError,
  type LoadProgress,
  load,
  loadManifest,
  type Model,
} from '@onnx-forge/infer';
import { useEffect, useState } from 'preact/hooks';
import { type OfferedRun, type TestExamples, testExamples } from './runs.js';
import { hasViews } from './views/views.js';

/** A run on the way to being a model. */
export interface Opening {
  readonly progress?: LoadProgress;
  readonly model?: Model;
  /** Instead of a model of a kind that the page has no views of. */
  readonly manifest?: AnyManifest;
  readonly examples?: TestExamples | undefined;
  readonly error?: Error;
}

/** Loads the run on the device; the model before is disposed, a load that is no longer wanted is aborted. */
export function useOpened(run: OfferedRun | undefined, device: DeviceRequest): Opening {
  const [opening, setOpening] = useState<Opening>({});
  useEffect(() => {
    if (!run) return setOpening({});
    const abort = new AbortController();
    let opened: Model | undefined;
    setOpening({});
    const open = async (): Promise<void> => {
      const { signal } = abort;
      const onProgress = (progress: LoadProgress): void => {
        if (!signal.aborted) setOpening({ progress });
      };
      const manifest = await loadManifest(run.location, { kinds: 'any', signal });
      if (!hasViews(manifest.kind)) {
        if (!signal.aborted) setOpening({ manifest });
        return;
      }
      const model = await load(run.location, { device, signal, onProgress });
      opened = model;
      const examples = run.examples === undefined ? undefined : await testExamples(run.examples).catch(() => undefined);
      if (signal.aborted) await model.dispose();
      else setOpening({ model, examples });
    };
    open().catch((error: Error) => {
      if (!abort.signal.aborted) setOpening({ error });
    });
    return () => {
      abort.abort();
      void opened?.dispose();
    };
  }, [run, device]);
  return opening;
}

/** Text of an error for people: its one line, and its code. */
export function explain(error: Error): string {
  return error instanceof ForgeError ? `${error.message} [${error.code}]` : error.message;
}
