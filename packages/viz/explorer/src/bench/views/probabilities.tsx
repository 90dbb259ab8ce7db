import type { Model } from '@onnx-forge/infer';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Slider } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber, useText } from '../../state/router.js';
import { Bars } from '../bars.js';
import { nextTokens, visible } from '../next-tokens.js';
import { TextExamples } from '../text-input.js';
import type { ViewProps } from './view.js';

type LanguageModel = Extract<Model, { kind: 'language-model' }>;

const SHOWN = 12;

/** How likely each character of a text is, and which may come next. */
export function ProbabilitiesView({ model, examples: { texts } }: ViewProps<LanguageModel>) {
  const [text, setText] = useText('text', texts[0]?.text ?? '');
  const [temperature, setTemperature] = useNumber('temperature', 1);
  const { value, error, milliseconds } = useLive([...text].length > 1 ? () => model.logProb(text) : undefined, [
    model,
    text,
  ]);
  const next = useLive(text === '' || error ? undefined : () => nextTokens(model, text, temperature), [
    model,
    text,
    temperature,
    error,
  ]);
  const tokens = [...text];
  const isOf = value?.values.length === tokens.length - 1;
  return (
    <Panel title="Probabilities">
      <TextExamples texts={texts} current={text} onPick={setText} />
      <label class="wide">
        Text
        <textarea rows={2} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <ErrorLine error={error ?? next.error} />
      {value && isOf && (
        <>
          <p class="words">
            {tokens.map((token, index) => {
              const probability = index === 0 ? undefined : Math.exp(value.values[index - 1]!);
              return (
                <span key={index} class={`letter surprise-${surpriseOf(probability)}`}>
                  {visible(token)}
                  <small>{probability === undefined ? '' : (100 * probability).toFixed(0)}</small>
                </span>
              );
            })}
          </p>
          <p class="quiet">
            Under each character: its probability in percent, given those before it; the stronger the ground, the less
            it was expected. Mean {(-value.mean).toFixed(3)} nats a character, perplexity{' '}
            {Math.exp(-value.mean).toFixed(2)}.
          </p>
        </>
      )}
      <Milliseconds of={milliseconds} what="log p" />
      <h4>What may come next</h4>
      <Slider label="Temperature" min={0.1} max={2} step={0.1} value={temperature} onChange={setTemperature} />
      {next.value && (
        <Bars
          names={next.value.slice(0, SHOWN).map(({ token }) => visible(token))}
          values={next.value.slice(0, SHOWN).map(({ probability }) => probability)}
        />
      )}
      <Milliseconds of={next.milliseconds} what="all next characters" />
    </Panel>
  );
}

/** 0 (expected) to 4. */
function surpriseOf(probability: number | undefined): number {
  return probability === undefined ? 0 : Math.min(4, Math.floor(-Math.log10(Math.max(probability, 1e-9)) * 1.5));
}
