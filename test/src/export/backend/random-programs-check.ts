import { tf } from '@onnx-forge/export';
import type { Step } from './random-programs.js';
import { type Run, runProgram } from './random-programs-run.js';

/** Nearer than this to a jump, rounding may decide on which side a number falls. */
const NEAR = 1e-4;

export interface Verdict {
  /** One line each. */
  readonly faults: string[];
  readonly steps: number;
  /** Tensors at the program's end: compared, and left out since a step behind them was near a jump. */
  readonly compared: number;
  readonly excused: number;
}

/**
 * Holds a program on a backend against tfjs's cpu backend: each step on equal inputs; and the whole program, read,
 * disposed and scoped on its way, by what it ends with and by tf.memory() after each step.
 */
export async function checkProgram(backends: readonly string[], steps: readonly Step[]): Promise<Verdict> {
  const faults: string[] = [];
  const verdict = { faults, steps: 0, compared: 0, excused: 0 };
  const expected = await runProgram('cpu', steps, false);
  const onCpu = await runProgram('cpu', steps, true);
  for (const backend of backends) {
    const all = await runProgram(backend, steps, true);
    faults.push(...(await stepFaults(all)).map((fault) => `${backend}: ${fault}`));
    const brittle = brittleSteps(all, onCpu);
    verdict.steps += all.taken.length;
    const whole = await runProgram(backend, steps, false);
    for (const [s, counts] of expected.memory.entries()) {
      if (String(counts) === String(whole.memory[s])) continue;
      faults.push(
        `${backend}: memory after step ${s} (${all.taken[s]?.name}): ${whole.memory[s]} instead of ${counts}`,
      );
      break;
    }
    for (const [i, e] of expected.last.entries()) {
      const a = whole.last[i]!;
      if (brittle[e.step]) {
        verdict.excused++;
        continue;
      }
      verdict.compared++;
      const fault = difference(a, e, 2e-3);
      if (fault) faults.push(`${backend}: end of step ${e.step} (${all.taken[e.step]?.name}): ${fault}`);
    }
  }
  return verdict;
}

/** Each step again on the cpu backend, with the inputs that it had. */
async function stepFaults({ taken }: Run): Promise<string[]> {
  await tf.setBackend('cpu');
  const faults: string[] = [];
  for (const [s, { name, inputs, outputs, compute }] of taken.entries()) {
    const expected = tf.tidy(() => {
      const made = compute(inputs.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype as 'float32')));
      return made.map((t) => ({ dtype: t.dtype, shape: t.shape, values: Array.from(t.dataSync()) }));
    });
    for (const [o, e] of expected.entries()) {
      const fault = difference(outputs[o]!, e, 2e-5);
      if (fault) faults.push(`step ${s} (${name}) on equal inputs: ${fault}`);
    }
  }
  return faults;
}

/** For each step whether its outputs depend on one that is near a jump, on either backend. */
function brittleSteps({ taken }: Run, onCpu: Run): boolean[] {
  const near = (margin: number): boolean => margin < NEAR;
  const brittle: boolean[] = [];
  for (const [s, { margin, from }] of taken.entries()) {
    brittle.push(near(margin) || near(onCpu.taken[s]!.margin) || from.some((step) => step >= 0 && brittle[step]));
  }
  return brittle;
}

type Numbers = Run['last'][number] | { dtype: string; shape: number[]; values: number[] };

function difference(actual: Numbers, expected: Numbers, tolerance: number): string | undefined {
  const [is, should] = [actual, expected].map(({ dtype, shape }) => `${dtype}[${shape}]`);
  if (is !== should) return `${is} instead of ${should}`;
  const size = expected.values.reduce((most, v) => Math.max(most, Number.isFinite(v) ? Math.abs(v) : 0), 1);
  for (const [i, e] of expected.values.entries()) {
    const a = actual.values[i]!;
    if (Object.is(a, e) || Math.abs(a - e) <= (expected.dtype === 'float32' ? tolerance * size : 0)) continue;
    return `[${i}] ${a} instead of ${e}`;
  }
  return undefined;
}
