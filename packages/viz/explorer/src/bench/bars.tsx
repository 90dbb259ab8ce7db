interface BarsProps {
  readonly names: readonly string[];
  /** Each from 0 to 1. */
  readonly values: ArrayLike<number> | undefined;
}

/** Probabilities by name, as bars with their numbers. */
export function Bars({ names, values }: BarsProps) {
  return (
    <dl class="bars">
      {names.map((name, index) => {
        const value = values?.[index];
        return (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <progress max={1} value={value ?? 0} aria-label={name} />
              <span>{value === undefined ? '' : `${(100 * value).toFixed(1)} %`}</span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
