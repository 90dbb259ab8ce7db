/**
 * Seconds of a time limit in Slurm's form: `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`,
 * `days-hours:minutes`, `days-hours:minutes:seconds`; infinity for `UNLIMITED` (sbatch(1), `--time`).
 *
 * @returns undefined for another text
 */
export function slurmSeconds(text: string): number | undefined {
  if (/^(unlimited|infinite)$/i.test(text)) return Number.POSITIVE_INFINITY;
  const [, days, first, second, third] = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text) ?? [];
  if (first === undefined) return undefined;
  const [a, b, c] = [first, second ?? 0, third ?? 0].map(Number) as [number, number, number];
  if (days !== undefined) return ((Number(days) * 24 + a) * 60 + b) * 60 + c;
  return third === undefined ? a * 60 + b : (a * 60 + b) * 60 + c;
}
