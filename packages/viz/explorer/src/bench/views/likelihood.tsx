import type { Model } from '@onnx-forge/infer';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Panel, Slider } from '../../parts/fields.js';
import { isBinary } from '../generative.js';
import { Pad } from '../pad.js';
import { Picture } from '../picture.js';
import { Offered } from './offered.js';
import type { ViewProps } from './view.js';

type LatentModel = Extract<Model, { kind: 'latent' }>;

interface Estimate {
  readonly value: number;
  readonly error: number;
  readonly effectiveSampleSize: number;
  readonly samples: number;
  readonly milliseconds: number;
}

/** Importance-sampled log p(x) of a drawn digit. */
export function LikelihoodView({ model, examples }: ViewProps<LatentModel>) {
  const [power, setPower] = useState(2.3);
  const [pixels, setPixels] = useState<Float32Array>();
  const [done, setDone] = useState<number>();
  const [estimate, setEstimate] = useState<Estimate>();
  const [error, setError] = useState<Error>();
  const { image } = model.manifest.serve;
  const samples = Math.round(10 ** power);
  const running = useRef<AbortController | undefined>(undefined);

  useEffect(() => () => running.current?.abort(), [model]);
  useEffect(() => {
    if (!pixels) return;
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    const { signal } = abort;
    const run = async (): Promise<void> => {
      const start = performance.now();
      setError(undefined);
      setDone(0);
      const onProgress = ({ done: now, total }: { done: number; total: number }): void => {
        if (!signal.aborted) setDone(now / total);
      };
      const { values, errors, effectiveSampleSizes } = await model.logLikelihood(pixels, {
        samples,
        signal,
        onProgress,
      });
      if (signal.aborted) return;
      setDone(1);
      setEstimate({
        value: values[0]!,
        error: errors[0]!,
        effectiveSampleSize: effectiveSampleSizes[0]!,
        samples,
        milliseconds: performance.now() - start,
      });
    };
    run().catch((failure: Error) => {
      if (!signal.aborted) setError(failure);
    });
  }, [pixels, samples, model]);

  return (
    <Panel title="Log-likelihood of a digit">
      <p>
        Draw a digit{examples ? ' or pick one' : ''}: log p(x) is estimated by importance sampling with K draws from
        q(z|x).
      </p>
      <Slider
        label="K"
        min={0}
        max={4}
        step={0.1}
        value={power}
        text={samples.toLocaleString('en')}
        onChange={setPower}
      />
      <div class="split">
        <Pad image={image} binary={isBinary(model)} action="Estimate log p(x)" onDrawn={setPixels} />
        <div>
          <Offered examples={examples} count={10} image={image} onPick={setPixels} />
          {pixels && (
            <>
              <Picture pixels={pixels} image={image} label="what the model reads" size="large" />
              <p class="quiet">what the model reads</p>
            </>
          )}
        </div>
      </div>
      {done !== undefined && <progress max={1} value={done} aria-label="draws done" />}
      <ErrorLine error={error} />
      {estimate && (
        <p class="result" aria-live="polite">
          log p(x) ≈ <strong>{estimate.value.toFixed(2)} nats</strong>
          {Number.isFinite(estimate.error) && ` ± ${estimate.error.toFixed(2)}`} (K ={' '}
          {estimate.samples.toLocaleString('en')}, effective sample size {estimate.effectiveSampleSize.toFixed(1)},{' '}
          {estimate.milliseconds.toFixed(0)} ms)
        </p>
      )}
    </Panel>
  );
}
