import { loadTrainable, type Model, type RunLocation } from '@onnx-forge/infer';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Panel } from '../../parts/fields.js';
import { isBinary, some } from '../generative.js';
import { Pad } from '../pad.js';
import { Grid } from '../picture.js';
import type { ViewProps } from './view.js';

type LatentModel = Extract<Model, { kind: 'latent' }>;

/** Iterations between two looks at the model. */
const LOOK_EVERY = 10;

interface Look {
  readonly iterations: number;
  readonly loss: number;
  readonly milliseconds: number;
  readonly reconstructions: Float32Array;
}

/** Trains the model on, here, on digits that the visitor draws. */
export function TrainView({ model, location, examples }: ViewProps<LatentModel>) {
  const [drawn, setDrawn] = useState<readonly Float32Array[]>([]);
  const [look, setLook] = useState<Look>();
  const [error, setError] = useState<Error>();
  const [training, setTraining] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);
  const { image } = model.manifest.serve;
  const size = image.height * image.width * image.channels;
  const offered = some(examples, 0, 10);
  useEffect(() => () => running.current?.abort(), [model]);

  const start = (): void => {
    const abort = new AbortController();
    running.current = abort;
    setError(undefined);
    setTraining(true);
    const request = { location, device: model.device, digits: drawn, signal: abort.signal, onLook: setLook };
    trainOn(request)
      .catch((failure: Error) => {
        if (!abort.signal.aborted) setError(failure);
      })
      .finally(() => setTraining(false));
  };

  return (
    <Panel title="Train it on">
      <p>
        Draw some digits, or pick some: the training step of this run goes on in this page, on nothing but these. Watch
        the loss fall (minus the evidence lower bound, nats per image) while the model learns to redraw them. The run
        itself stays as it is.
      </p>
      <div class="split">
        <Pad
          image={image}
          binary={isBinary(model)}
          action="Add this digit"
          onDrawn={(pixels) => setDrawn([...drawn, pixels])}
        />
        <div class="grow">
          {offered.count > 0 && (
            <Grid
              images={offered.images}
              count={offered.count}
              image={image}
              columns={offered.count}
              label={(i) => `test example ${i + 1}`}
              onPick={(i) => setDrawn([...drawn, offered.images.slice(i * size, (i + 1) * size)])}
            />
          )}
          <div class="row">
            <button type="button" class="primary" disabled={training || drawn.length === 0} onClick={start}>
              Train
            </button>
            <button type="button" disabled={!training} onClick={() => running.current?.abort()}>
              Stop
            </button>
            <button type="button" disabled={training || drawn.length === 0} onClick={() => setDrawn([])}>
              Forget the digits
            </button>
          </div>
          <ErrorLine error={error} />
          {look && (
            <p class="result" aria-live="polite">
              loss <strong>{look.loss.toFixed(1)}</strong> after {look.iterations} iterations of{' '}
              {look.milliseconds.toFixed(1)} ms
            </p>
          )}
          {drawn.length > 0 && <p class="quiet">What it is trained on</p>}
          <Grid
            images={flat(drawn, size)}
            count={drawn.length}
            image={image}
            columns={10}
            label={(i) => `digit ${i + 1}`}
          />
          {look && <p class="quiet">What it makes of them</p>}
          {look && (
            <Grid
              images={look.reconstructions}
              count={look.reconstructions.length / size}
              image={image}
              columns={10}
              label={(i) => `reconstruction ${i + 1}`}
            />
          )}
        </div>
      </div>
    </Panel>
  );
}

interface TrainRequest {
  readonly location: RunLocation;
  readonly device: Model['device'];
  readonly digits: readonly Float32Array[];
  readonly signal: AbortSignal;
  readonly onLook: (look: Look) => void;
}

/** Iterates until the signal aborts. Every batch is the digits in turn. */
async function trainOn({ location, device, digits, signal, onLook }: TrainRequest): Promise<void> {
  await using session = await loadTrainable(location, { device, signal });
  const [batchSize = 1, size = 1] = session.inputs().x?.shape ?? [];
  const x = new Float32Array(batchSize * size);
  let [iterations, time] = [0, 0];
  while (!signal.aborted) {
    let loss = 0;
    for (let turn = 0; turn < LOOK_EVERY && !signal.aborted; turn++) {
      for (let row = 0; row < batchSize; row++) x.set(digits[(iterations + row) % digits.length]!, row * size);
      const before = performance.now();
      loss = (await session.step({ x })).loss!;
      time += performance.now() - before;
      iterations++;
    }
    await using current = await session.model();
    if (current.kind !== 'latent' || signal.aborted) return;
    const { mu } = await current.encode(digits);
    const { data } = await current.decode(mu);
    onLook({ iterations, loss, milliseconds: time / iterations, reconstructions: data });
    // The page gets to draw.
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

function flat(rows: readonly Float32Array[], size: number): Float32Array {
  const all = new Float32Array(rows.length * size);
  for (const [row, values] of rows.entries()) all.set(values, row * size);
  return all;
}
