import { type DeviceRequest, type LoadProgress, load, type Model } from '@onnx-forge/infer';
import { useEffect, useState } from 'preact/hooks';
import type { OfferedRun } from '../state/offer.js';
import { NO_EXAMPLES, type TestExamples, testExamples } from './examples.js';

/** A run on the way to being a model. */
export interface Opening {
  readonly progress?: LoadProgress;
  readonly model?: Model;
  /** How long that took. */
  readonly milliseconds?: number;
  readonly examples?: TestExamples;
  readonly error?: Error;
}

/** Loads the run on the device; the model before is disposed, a load that is no longer wanted is aborted. */
export function useOpened(run: OfferedRun, device: DeviceRequest): Opening {
  const [opening, setOpening] = useState<Opening>({});
  useEffect(() => {
    const abort = new AbortController();
    let opened: Model | undefined;
    setOpening({});
    const open = async (): Promise<void> => {
      const { signal } = abort;
      const onProgress = (progress: LoadProgress): void => {
        if (!signal.aborted) setOpening({ progress });
      };
      const start = performance.now();
      const model = await load(run.location, { device, signal, onProgress });
      opened = model;
      const milliseconds = performance.now() - start;
      const examples =
        run.examples === undefined ? NO_EXAMPLES : await testExamples(run.examples).catch(() => NO_EXAMPLES);
      if (signal.aborted) await model.dispose();
      else setOpening({ model, examples, milliseconds });
    };
    open().catch((error: Error) => {
      if (!abort.signal.aborted) setOpening({ error });
    });
    return () => {
      abort.abort();
      void opened?.dispose();
    };
  }, [run.name, run.location, run.created, device]);
  return opening;
}
