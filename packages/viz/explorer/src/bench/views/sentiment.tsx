import type { Model } from '@onnx-forge/infer';
import { useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { Bars } from '../bars.js';
import type { ViewProps } from './view.js';

type TextClassifierModel = Extract<Model, { kind: 'text-classifier' }>;

/** View of a text classifier: class probabilities of a sentence, while it is being written. */
export function SentimentView({ model }: ViewProps<TextClassifierModel>) {
  const [text, setText] = useState('');
  const { value, error, milliseconds } = useLive(text.trim() ? () => model.classify(text) : undefined, [model, text]);
  const unknown = value?.unknown[0] ?? [];
  return (
    <Panel title="Classify a sentence">
      <label class="wide">
        Sentence
        <textarea rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <ErrorLine error={error} />
      <Bars names={model.classes} values={value?.probabilities.data} />
      {unknown.length > 0 && <p class="quiet">Words that the model does not know: {unknown.join(', ')}</p>}
      <Milliseconds of={milliseconds} what="classify" />
    </Panel>
  );
}
