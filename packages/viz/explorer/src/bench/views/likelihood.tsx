import { type LogLikelihood, type Model, paretoKThreshold } from '@onnx-forge/infer';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Panel, Slider } from '../../parts/fields.js';
import { useNumber } from '../../state/router.js';
import { isBinary } from '../generative.js';
import { ImageInput, usePickedImage } from '../image-input.js';
import { Picture } from '../picture.js';
import type { ViewProps } from './view.js';

type LatentModel = Extract<Model, { kind: 'latent' }>;

interface Estimate {
  readonly found: LogLikelihood;
  readonly milliseconds: number;
}

/** Importance-sampled log p(x) of an image, with its error. */
export function LikelihoodView({ model, examples }: ViewProps<LatentModel>) {
  const [power, setPower] = useNumber('k', 2.3);
  const { image } = model.manifest.serve;
  const picked = usePickedImage(examples, image);
  const { pixels } = picked;
  const [done, setDone] = useState<number>();
  const [estimate, setEstimate] = useState<Estimate>();
  const [error, setError] = useState<Error>();
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
      const found = await model.logLikelihood(pixels, { samples, signal, onProgress });
      if (signal.aborted) return;
      setDone(1);
      setEstimate({ found, milliseconds: performance.now() - start });
    };
    run().catch((failure: Error) => {
      if (!signal.aborted) setError(failure);
    });
  }, [pixels, samples, model]);

  return (
    <Panel title="Log-likelihood of an image">
      <p>log p(x) is estimated by importance sampling with K draws of z from q(z|x).</p>
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
        <ImageInput
          examples={examples}
          image={image}
          binary={isBinary(model)}
          picked={picked}
          action="Estimate log p(x)"
        />
        <div class="grow">
          {pixels && (
            <figure>
              <Picture pixels={pixels} image={image} label="what the model reads" size="large" />
              <figcaption>what the model reads</figcaption>
            </figure>
          )}
          {done !== undefined && <progress max={1} value={done} aria-label="draws done" />}
          <ErrorLine error={error} />
          {estimate && <Found of={estimate} />}
        </div>
      </div>
    </Panel>
  );
}

function Found({ of: { found, milliseconds } }: { of: Estimate }) {
  const { samples, values, errors, bounds, effectiveSampleSizes, paretoKs } = found;
  const [error, k] = [errors[0]!, paretoKs[0]!];
  return (
    <>
      <p class="result" aria-live="polite">
        log p(x) ≈ <strong>{values[0]!.toFixed(2)} nats</strong>
        {Number.isFinite(error) && ` ± ${error.toFixed(2)}`} (K = {samples.toLocaleString('en')}, effective sample size{' '}
        {effectiveSampleSizes[0]!.toFixed(1)}, {milliseconds.toFixed(0)} ms)
      </p>
      <p class="quiet">
        ELBO of the same draws {bounds[0]!.toFixed(2)} nats. ± is the standard error over the draws.{' '}
        {Number.isFinite(k) &&
          (k <= paretoKThreshold(samples)
            ? `k-hat ${k.toFixed(2)}: the error can be relied on.`
            : `k-hat ${k.toFixed(2)} is above ${paretoKThreshold(samples).toFixed(2)}: neither the value nor its error can be relied on; take more draws.`)}
      </p>
    </>
  );
}
