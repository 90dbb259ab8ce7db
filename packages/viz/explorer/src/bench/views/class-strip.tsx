import type { Model } from '@onnx-forge/infer';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Seed } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber } from '../../state/router.js';
import { Grid } from '../picture.js';
import type { ViewProps } from './view.js';

type ConditionalModel = Extract<Model, { kind: 'conditional' }>;

const ROWS = 6;

/** Every class from the same latent vector: a row has one z, a column one class. */
export function ClassStripView({ model }: ViewProps<ConditionalModel>) {
  const [seed, setSeed] = useNumber('seed', 1, { push: true });
  const { classes, image, latentDim } = model.manifest.serve;
  const { value, error, milliseconds } = useLive(async () => {
    const { z } = await model.sample(ROWS, { seed, labels: 0 });
    const vectors = Array.from({ length: ROWS * classes.length }, (_, i) => {
      const row = Math.floor(i / classes.length);
      return z.data.subarray(row * latentDim, (row + 1) * latentDim);
    });
    const labels = vectors.map((_, i) => i % classes.length);
    return (await model.decode(vectors, labels)).data;
  }, [model, seed]);
  return (
    <Panel title="One z, every class">
      <p>Each row is one latent vector, each column a class: what a row shares is what the class does not decide.</p>
      <Seed seed={seed} onChange={setSeed} />
      <ErrorLine error={error} />
      <Grid
        images={value}
        count={ROWS * classes.length}
        image={image}
        columns={classes.length}
        heads={classes}
        label={(i) => `class ${classes[i % classes.length]}`}
      />
      <Milliseconds of={milliseconds} what={`${ROWS * classes.length} images`} />
    </Panel>
  );
}
