import type { RowResult } from './result.js';
import { summarise } from './summary.js';

/** The least ratio of a row to another engine, or a limit for the number of one engine, by default this project's. */
export type Target = { readonly row: string } & (
  | { readonly against: string; readonly atLeast: number }
  | { readonly atMost: number; readonly of?: string }
);

/** The project's promises. Judged and printed, never asserted in tests: time depends on the machine. */
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
  // A compiled step must not be slower than what the recipes' sources were written for.
  { row: 'text-cnn/step/classify', against: 'PyTorch', atLeast: 1 },
  { row: 'siamese/step/contrast', against: 'PyTorch', atLeast: 1 },
  { row: 'simsiam/step/simsiam', against: 'PyTorch', atLeast: 1 },
  { row: 'seq2seq/step/translate', against: 'PyTorch', atLeast: 1 },
  { row: 'transformer/step/predict', against: 'PyTorch', atLeast: 1.25 },
  // Its faster form where a net has convolutions.
  ...['dcgan/step/discriminator', 'dcgan/step/generator', 'simsiam/step/simsiam'].map(
    (row): Target => ({ row, against: 'PyTorch, channels last', atLeast: 1.2 }),
  ),
  // Beyond half of an iteration, making the views would hold up the learning from them.
  { row: 'simsiam/augmentation/share', atMost: 50 },
  { row: 'sweep/overhead', atMost: 5 },
  { row: 'sweep/resume', atMost: 5 },
  // A frame of a screen at 60 Hz: the explorer decodes while one drags.
  { row: 'vae-2d/browser/decode', of: 'Chromium wasm', atMost: 16 },
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
    const entry = target.of === undefined ? row.entries[0] : row.entries.find(({ engine }) => engine === target.of);
    const measured = entry && summarise(row, entry)?.value;
    const reached = measured === undefined ? undefined : measured <= target.atMost;
    const wanted = `at most ${target.atMost} ${row.unit}${target.of === undefined ? '' : ` on ${target.of}`}`;
    return { target, title, wanted, measured, unit: row.unit, reached };
  }
  const entry = row.entries.find(({ engine }) => engine === target.against);
  const measured = entry && summarise(row, entry)?.ratio?.value;
  const reached = measured === undefined ? undefined : measured >= target.atLeast;
  return { target, title, wanted: `at least ${target.atLeast} x ${target.against}`, measured, unit: 'x', reached };
}
