import type { Model, Translation } from '@onnx-forge/infer';
import { useEffect, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Slider } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { Scroller } from '../../parts/scroller.js';
import { useNumber, useText } from '../../state/router.js';
import { TextExamples } from '../text-input.js';
import type { ViewProps } from './view.js';

type TranslatorModel = Extract<Model, { kind: 'translator' }>;

/** A translation, and where the model looked for each of its words. */
export function TranslateView({ model, examples: { texts } }: ViewProps<TranslatorModel>) {
  const [text, setText] = useText('text', texts[0]?.text ?? '', { push: true });
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  const [beam, setBeam] = useNumber('beam', 1);
  const reference = texts.find((one) => one.text === text)?.answer;
  const { value, error, milliseconds } = useLive(text.trim() ? () => model.translate(text, { beam }) : undefined, [
    model,
    text,
    beam,
  ]);
  return (
    <Panel title="Translate">
      <TextExamples texts={texts} current={text} onPick={setText} />
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          setText(draft);
        }}
      >
        <label class="wide">
          Sentence <input value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          Translate
        </button>
      </form>
      <Slider label="Beam" min={1} max={8} step={1} value={beam} text={String(beam)} onChange={setBeam} />
      <ErrorLine error={error} />
      {value && (
        <>
          <p class="result" aria-live="polite">
            <strong>{value.text}</strong> <span class="quiet">log p = {value.logProb.toFixed(2)} nats</span>
          </p>
          {reference !== undefined && <p class="quiet">The data set translates it as: {reference}</p>}
          <Attention of={value} />
        </>
      )}
      <Milliseconds of={milliseconds} what="translate" />
    </Panel>
  );
}

/** Rows: the translation's tokens; columns: the source's. The stronger its colour, the more attention. */
function Attention({ of: { attention, tokens, sourceTokens } }: { of: Translation }) {
  if (!attention) return <p class="quiet">This model has no attention.</p>;
  const columns = sourceTokens.length;
  return (
    <Scroller label="Attention">
      <table class="attention">
        <caption>Attention: each row sums to 1</caption>
        <thead>
          <tr>
            <td />
            {sourceTokens.map((token, column) => (
              <th key={column} scope="col">
                {token}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tokens.map((token, row) => (
            <tr key={row}>
              <th scope="row">{token}</th>
              {sourceTokens.map((_, column) => {
                const weight = attention.data[row * columns + column]!;
                return (
                  <td key={column} style={{ '--weight': weight }}>
                    {weight.toFixed(2)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
