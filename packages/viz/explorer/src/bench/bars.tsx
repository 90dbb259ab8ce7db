interface BarsProps {
  readonly names: readonly string[];
  /** Each from 0 to 1. */
  readonly values: ArrayLike<number> | undefined;
  /** The likeliest so many, in their order; default: all, in that of the names. */
  readonly top?: number | undefined;
  /** The name that is right. */
  readonly truth?: string | undefined;
}

/** Probabilities by name, as bars with their numbers. */
export function Bars({ names, values, top, truth }: BarsProps) {
  const all = names.map((name, index) => ({ name, value: values?.[index] }));
  const shown = top === undefined ? all : all.sort((one, other) => (other.value ?? 0) - (one.value ?? 0)).slice(0, top);
  return (
    <dl class="bars">
      {shown.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <progress max={1} value={value ?? 0} aria-label={name} />
            <span>{value === undefined ? '' : `${(100 * value).toFixed(1)} %`}</span>
            {name === truth && <span class="quiet">the truth</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
