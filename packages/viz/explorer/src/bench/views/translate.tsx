import type { Model, Translation } from '@onnx-forge/infer';
import { useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Slider } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import type { ViewProps } from './view.js';

type TranslatorModel = Extract<Model, { kind: 'translator' }>;

/** A translation, and where the model looked for each of its words. */
export function TranslateView({ model }: ViewProps<TranslatorModel>) {
  const [draft, setDraft] = useState('');
  const [text, setText] = useState('');
  const [beam, setBeam] = useState(1);
  const { value, error, milliseconds } = useLive(text.trim() ? () => model.translate(text, { beam }) : undefined, [
    model,
    text,
    beam,
  ]);
  return (
    <Panel title="Translate">
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
          <Attention of={value} />
        </>
      )}
      <Milliseconds of={milliseconds} what="translate" />
    </Panel>
  );
}

/** Rows: the translation's tokens; columns: the source's. The darker, the more attention. */
function Attention({ of: { attention, tokens, sourceTokens } }: { of: Translation }) {
  if (!attention) return <p class="quiet">This model has no attention.</p>;
  const columns = sourceTokens.length;
  return (
    <div class="scroll">
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
                  <td key={column} data-weight={Math.round(10 * weight)}>
                    {weight.toFixed(2)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
