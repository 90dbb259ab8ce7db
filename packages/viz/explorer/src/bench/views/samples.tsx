import type { GenerativeModel } from '@onnx-forge/infer';
import { useMemo } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Seed } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber } from '../../state/router.js';
import { generative } from '../generative.js';
import { JudgeChoice, useJudge, Verdict } from '../judge.js';
import { Grid } from '../picture.js';
import { ClassChoice } from './class-choice.js';
import type { ViewProps } from './view.js';

const COUNT = 64;

/** Samples from the prior, and what a classifier makes of them. */
export function SamplesView({ model }: ViewProps<GenerativeModel>) {
  const [seed, setSeed] = useNumber('seed', 1, { push: true });
  const [label, setLabel] = useNumber('class', 0, { push: true });
  const maker = useMemo(() => generative(model, label), [model, label]);
  const { value, error, milliseconds } = useLive(() => maker.sample(COUNT, seed), [maker, seed]);
  const judge = useJudge(maker.image, model.device, value?.images);
  return (
    <Panel title={model.kind === 'conditional' ? 'Samples of a class' : 'Samples from the prior'}>
      <div class="row">
        <ClassChoice model={model} label={label} onChange={setLabel} />
        <Seed seed={seed} onChange={setSeed} />
        <JudgeChoice of={judge} />
      </div>
      <ErrorLine error={error ?? judge.error} />
      <Grid
        images={value?.images}
        count={COUNT}
        image={maker.image}
        columns={8}
        label={(i) => `sample ${i + 1}`}
        caption={judge.verdict && ((i) => <Verdict of={judge.verdict!} index={i} />)}
      />
      {judge.verdict && (
        <p class="result" aria-live="polite">
          {judge.name} is sure of its class by <strong>{(100 * judge.verdict.mean).toFixed(1)} %</strong> ±{' '}
          {(100 * judge.verdict.error).toFixed(1)} on the average; it sees {judge.verdict.seen} of{' '}
          {judge.verdict.classes.length} classes.
        </p>
      )}
      <Milliseconds of={milliseconds} what={`${COUNT} samples`} />
    </Panel>
  );
}
