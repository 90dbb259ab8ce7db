import type { Model } from '@onnx-forge/infer';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Panel, Seed, Slider } from '../../parts/fields.js';
import { useNumber, useText } from '../../state/router.js';
import { TextExamples } from '../text-input.js';
import type { ViewProps } from './view.js';

type LanguageModel = Extract<Model, { kind: 'language-model' }>;

const LENGTH = 300;

/** Goes on from a prompt, token by token. */
export function GenerateTextView({ model, examples: { texts } }: ViewProps<LanguageModel>) {
  const [prompt, setPrompt] = useText('text', texts[0]?.text ?? '');
  const [temperature, setTemperature] = useNumber('temperature', 0.8);
  const [topK, setTopK] = useNumber('top', 20);
  const [seed, setSeed] = useNumber('seed', 1);
  const [written, setWritten] = useState<{ prompt: string; text: string }>();
  const [rate, setRate] = useState<number>();
  const [error, setError] = useState<Error>();
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), [model]);

  const write = async (): Promise<void> => {
    running.current?.abort();
    running.current = new AbortController();
    const { signal } = running.current;
    setError(undefined);
    const start = performance.now();
    let [text, tokens] = ['', 0];
    try {
      for await (const token of model.generate.stream(prompt, { length: LENGTH, temperature, topK, seed, signal })) {
        if (signal.aborted) return;
        text += token;
        tokens++;
        setWritten({ prompt, text });
        setRate((1000 * tokens) / (performance.now() - start));
      }
    } catch (failure) {
      if (!signal.aborted) setError(failure as Error);
    }
  };

  return (
    <Panel title="Write on">
      <TextExamples texts={texts} current={prompt} onPick={setPrompt} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void write();
        }}
      >
        <label class="wide">
          Beginning
          <textarea rows={2} value={prompt} onInput={(event) => setPrompt(event.currentTarget.value)} />
        </label>
        <Slider label="Temperature" min={0.1} max={2} step={0.1} value={temperature} onChange={setTemperature} />
        <Slider label="Top k" min={1} max={60} step={1} value={topK} text={String(topK)} onChange={setTopK} />
        <div class="row">
          <Seed seed={seed} onChange={setSeed} />
          <button type="submit" class="primary">
            Write
          </button>
          <button type="button" onClick={() => running.current?.abort()}>
            Stop
          </button>
        </div>
      </form>
      <ErrorLine error={error} />
      {written && (
        <pre class="written" aria-live="polite">
          <span class="quiet">{written.prompt}</span>
          {written.text}
        </pre>
      )}
      <p class="quiet">{rate === undefined ? ' ' : `${rate.toFixed(0)} tokens a second`}</p>
    </Panel>
  );
}
