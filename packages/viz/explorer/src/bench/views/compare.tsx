import type { Model } from '@onnx-forge/infer';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber } from '../../state/router.js';
import { some } from '../generative.js';
import { Grid, Picture } from '../picture.js';
import type { ViewProps } from './view.js';

type EmbeddingModel = Extract<Model, { kind: 'embedding' }>;

/** How unlike two images are: pick one after the other. */
export function CompareView({ model, examples }: ViewProps<EmbeddingModel>) {
  const [a, setA] = useNumber('a', 0, { push: true });
  const [b, setB] = useNumber('b', 1);
  const { image, metric, threshold } = model.manifest.serve;
  const offered = some(examples, 0, 40);
  const size = image.height * image.width * image.channels;
  const pixels = (index: number) => offered.images.slice(index * size, (index + 1) * size);
  const isThere = [a, b].every((index) => Number.isInteger(index) && index >= 0 && index < offered.count);
  const { value, error, milliseconds } = useLive(isThere ? () => model.compare(pixels(a), pixels(b)) : undefined, [
    model,
    examples,
    a,
    b,
  ]);
  if (offered.count === 0) return <p class="hint">This run came without test examples to compare.</p>;
  const dissimilarity = value?.[0];
  const same = threshold !== undefined && dissimilarity !== undefined && dissimilarity <= threshold;
  const truth = offered.labels && (offered.labels[a] === offered.labels[b] ? 'the same' : 'different');
  return (
    <Panel title="Compare two images">
      <ErrorLine error={error} />
      <div class="row">
        {[a, b].map((index, side) => (
          <Picture
            key={side}
            pixels={isThere ? pixels(index) : undefined}
            image={image}
            label={`image ${side + 1}`}
            size="large"
          />
        ))}
      </div>
      {dissimilarity !== undefined && (
        <p class="result" aria-live="polite">
          {metric} dissimilarity <strong>{dissimilarity.toFixed(3)}</strong>
          {threshold !== undefined && `: ${same ? 'the same' : 'different'} (threshold ${threshold.toFixed(3)})`}
          {truth && `; in truth ${truth}`}
        </p>
      )}
      <Milliseconds of={milliseconds} what="compare" />
      <p>Pick the next image: it takes the place of the older one.</p>
      <Grid
        images={offered.images}
        count={offered.count}
        image={image}
        columns={10}
        label={(i) => `test example ${i + 1}`}
        onPick={(i) => {
          setB(i);
          setA(b);
        }}
      />
    </Panel>
  );
}
