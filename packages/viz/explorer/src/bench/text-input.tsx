import type { ExampleText } from './examples.js';

interface TextExamplesProps {
  readonly texts: readonly ExampleText[];
  readonly current: string;
  readonly onPick: (text: string) => void;
}

/** Texts of the test split, to click. */
export function TextExamples({ texts, current, onPick }: TextExamplesProps) {
  if (texts.length === 0) return null;
  return (
    <div class="chips">
      <span class="quiet" id="examples">
        Examples of the test split
      </span>
      <ul aria-labelledby="examples">
        {texts.map(({ text }) => (
          <li key={text}>
            <button type="button" aria-pressed={text === current} onClick={() => onPick(text)}>
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
