import type { RowResult } from './result.js';
import { summarise } from './summary.js';

/** What a row has to reach: a ratio to another engine, or a limit for its own number. */
export type Target = { readonly row: string } & (
  | { readonly against: string; readonly atLeast: number }
  | { readonly atMost: number }
);

/** What the project promises. Judged and printed, never asserted in tests: time depends on the machine. */
export const TARGETS: readonly Target[] = [
  { row: 'vae/step/elbo', against: 'tfjs wasm', atLeast: 12 },
  { row: 'vae/step/elbo', against: 'PyTorch', atLeast: 1.5 },
  { row: 'vae-2d/step/elbo', against: 'PyTorch', atLeast: 1.5 },
  { row: 'vae-mlp/step/elbo', against: 'PyTorch', atLeast: 1.5 },
  { row: 'vae-conv/step/elbo', against: 'PyTorch', atLeast: 1 },
  { row: 'cvae/step/elbo', against: 'PyTorch', atLeast: 1.5 },
  { row: 'gan/step/discriminator', against: 'PyTorch', atLeast: 1 },
  { row: 'gan/step/generator', against: 'PyTorch', atLeast: 1 },
  { row: 'wgan-lp/step/critic', against: 'PyTorch', atLeast: 1 },
  { row: 'wgan-lp/step/generator', against: 'PyTorch', atLeast: 1 },
  { row: 'classifier/step/classify', against: 'PyTorch', atLeast: 1 },
  { row: 'dcgan/step/discriminator', against: 'PyTorch', atLeast: 1 },
  { row: 'dcgan/step/generator', against: 'PyTorch', atLeast: 1 },
  { row: 'vae/likelihood/throughput', against: 'PyTorch', atLeast: 1 },
  { row: 'vae/likelihood/test-set', atMost: 60 },
  { row: 'vae/likelihood/memory', atMost: 1000 },
];

export interface Verdict {
  readonly target: Target;
  readonly title: string;
  /** `>= 12 x tfjs wasm`. */
  readonly wanted: string;
  /** Undefined when one of the numbers is missing. */
  readonly measured: number | undefined;
  readonly unit: string;
  readonly reached: boolean | undefined;
}

/** Verdicts on the targets whose rows were measured. */
export function judge(rows: readonly RowResult[], targets: readonly Target[] = TARGETS): Verdict[] {
  return targets.flatMap((target) => {
    const row = rows.find(({ id }) => id === target.row);
    return row ? [verdict(row, target)] : [];
  });
}

function verdict(row: RowResult, target: Target): Verdict {
  const { title } = row;
  if ('atMost' in target) {
    const measured = row.entries[0] && summarise(row, row.entries[0])?.value;
    const reached = measured === undefined ? undefined : measured <= target.atMost;
    return { target, title, wanted: `at most ${target.atMost} ${row.unit}`, measured, unit: row.unit, reached };
  }
  const entry = row.entries.find(({ engine }) => engine === target.against);
  const measured = entry && summarise(row, entry)?.ratio;
  const reached = measured === undefined ? undefined : measured >= target.atLeast;
  return { target, title, wanted: `at least ${target.atLeast} x ${target.against}`, measured, unit: 'x', reached };
}
