import type { Model } from '@onnx-forge/infer';
import { useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { some } from '../generative.js';
import { Grid, Picture } from '../picture.js';
import type { ViewProps } from './view.js';

type EmbeddingModel = Extract<Model, { kind: 'embedding' }>;

/** How unlike two images are: pick one after the other. */
export function CompareView({ model, examples }: ViewProps<EmbeddingModel>) {
  const [pair, setPair] = useState<readonly [number, number]>([0, 1]);
  const { image, metric, threshold } = model.manifest.serve;
  const offered = examples && some(examples, 0, 40);
  const size = image.height * image.width * image.channels;
  const pixels = (index: number) => offered?.images.slice(index * size, (index + 1) * size);
  const { value, error, milliseconds } = useLive(offered && (() => model.compare(pixels(pair[0])!, pixels(pair[1])!)), [
    model,
    examples,
    pair,
  ]);
  if (!offered) return <p>This run came without test examples to compare.</p>;
  const dissimilarity = value?.[0];
  const same = threshold !== undefined && dissimilarity !== undefined && dissimilarity <= threshold;
  const truth = offered.labels && (offered.labels[pair[0]] === offered.labels[pair[1]] ? 'the same' : 'different');
  return (
    <Panel title="Compare two images">
      <ErrorLine error={error} />
      <div class="row">
        {pair.map((index, side) => (
          <Picture key={side} pixels={pixels(index)} image={image} label={`image ${side + 1}`} size="large" />
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
        onPick={(i) => setPair([pair[1], i])}
      />
    </Panel>
  );
}
