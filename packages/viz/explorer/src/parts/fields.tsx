import type { ComponentChildren } from 'preact';

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onChange: (value: number) => void;
  /** Text beside the slider; default: the value. */
  readonly text?: string;
}

/** A number by a slider. */
export function Slider({ label, value, min, max, step, onChange, text }: SliderProps) {
  return (
    <label class="slider">
      <span>{label}</span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <output>{text ?? value.toFixed(1)}</output>
    </label>
  );
}

interface SeedProps {
  readonly seed: number;
  readonly onChange: (seed: number) => void;
}

/** The seed of what is drawn, by number or the next one. */
export function Seed({ seed, onChange }: SeedProps) {
  return (
    <div class="row">
      <label>
        Seed{' '}
        <input
          type="number"
          min={0}
          step={1}
          value={seed}
          onInput={(event) => {
            const given = event.currentTarget.valueAsNumber;
            if (Number.isSafeInteger(given)) onChange(given);
          }}
        />
      </label>
      <button type="button" onClick={() => onChange(seed + 1)}>
        Draw again
      </button>
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly (readonly [value: T, text: string])[];
  readonly onChange: (value: T) => void;
}

/** One of a few. */
export function Choice<T extends string>({ label, value, choices, onChange }: ChoiceProps<T>) {
  return (
    <label>
      {label}{' '}
      <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {choices.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A figure with its caption. */
export function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="panel">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** How long a call took. */
export function Milliseconds({ of, what }: { of: number | undefined; what: string }) {
  return <p class="quiet">{of === undefined ? ' ' : `${what}: ${of.toFixed(of < 10 ? 1 : 0)} ms`}</p>;
}
