import type { GenerativeModel } from '@onnx-forge/infer';
import { useMemo, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Seed } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { generative } from '../generative.js';
import { Grid } from '../picture.js';
import { ClassChoice } from './class-choice.js';
import type { ViewProps } from './view.js';

const COUNT = 64;

/** Samples from the prior. */
export function SamplesView({ model }: ViewProps<GenerativeModel>) {
  const [seed, setSeed] = useState(1);
  const [label, setLabel] = useState(0);
  const maker = useMemo(() => generative(model, label), [model, label]);
  const { value, error, milliseconds } = useLive(() => maker.sample(COUNT, seed), [maker, seed]);
  return (
    <Panel title="Samples">
      <div class="row">
        <ClassChoice model={model} label={label} onChange={setLabel} />
        <Seed seed={seed} onChange={setSeed} />
      </div>
      <ErrorLine error={error} />
      <Grid images={value?.images} count={COUNT} image={maker.image} columns={8} label={(i) => `sample ${i + 1}`} />
      <Milliseconds of={milliseconds} what={`${COUNT} samples`} />
    </Panel>
  );
}
