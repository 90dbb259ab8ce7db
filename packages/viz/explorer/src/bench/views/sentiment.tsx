import type { Model } from '@onnx-forge/infer';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useText } from '../../state/router.js';
import { Bars } from '../bars.js';
import { TextExamples } from '../text-input.js';
import type { ViewProps } from './view.js';

type TextClassifierModel = Extract<Model, { kind: 'text-classifier' }>;

interface Words {
  readonly tokens: readonly string[];
  /** How much p of the class falls without each. */
  readonly falls: readonly number[];
  readonly name: string;
}

/** View of a text classifier: class probabilities of a sentence, while it is being written, and the words that they rest on. */
export function SentimentView({ model, examples: { texts } }: ViewProps<TextClassifierModel>) {
  const [text, setText] = useText('text', texts[0]?.text ?? '');
  const { value, error, milliseconds } = useLive(text.trim() ? () => model.classify(text) : undefined, [model, text]);
  const words = useLive(value && (() => wordsOf(model, value.tokens[0]!, value.labels[0]!)), [model, value]);
  const unknown = value?.unknown[0] ?? [];
  return (
    <Panel title="Classify a sentence">
      <TextExamples texts={texts} current={text} onPick={setText} />
      <label class="wide">
        Sentence
        <textarea rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <ErrorLine error={error} />
      <Bars
        names={model.classes}
        values={value?.probabilities.data}
        top={model.classes.length > 10 ? 10 : undefined}
        truth={texts.find((one) => one.text === text)?.answer}
      />
      {!error && words.value && <Highlighted words={words.value} />}
      {unknown.length > 0 && <p class="quiet">Words that the model does not know: {unknown.join(', ')}</p>}
      <Milliseconds of={milliseconds} what="classify" />
    </Panel>
  );
}

/** Leaves out one word at a time. */
async function wordsOf(model: TextClassifierModel, tokens: readonly string[], label: number): Promise<Words> {
  const name = model.classes[label]!;
  const vocabulary = model.manifest.vocabularies?.[model.manifest.serve.vocabulary] ?? [];
  const unknown = vocabulary.indexOf('<unk>');
  const ids = tokens.map((token) => (vocabulary.includes(token) ? vocabulary.indexOf(token) : unknown));
  if (tokens.length < 2) return { tokens, falls: tokens.map(() => 0), name };
  const rows = [ids, ...ids.map((_, left) => ids.filter((_, index) => index !== left))];
  const { data } = (await model.classifyTokens(rows)).probabilities;
  const of = (row: number): number => data[row * model.classes.length + label]!;
  return { tokens, falls: tokens.map((_, index) => of(0) - of(index + 1)), name };
}

/** Words that speak for the class are underlined in its colour, those against it dashed. */
function Highlighted({ words: { tokens, falls, name } }: { words: Words }) {
  return (
    <>
      <p class="words">
        {tokens.map((token, index) => {
          const fall = falls[index]!;
          const strength = Math.min(4, Math.ceil(Math.abs(fall) * 12));
          return (
            <span
              key={index}
              class={`word ${fall >= 0 ? 'for' : 'against'} strength-${Math.abs(fall) < 0.005 ? 0 : strength}`}
            >
              {token}
              <small>{(100 * fall).toFixed(1)}</small>
            </span>
          );
        })}
      </p>
      <p class="quiet">
        Under each word: by how many points p({name}) falls without it. Solid lines speak for the class, dashed ones
        against it.
      </p>
    </>
  );
}
