import { SignatureError, TraceMismatchError } from '../errors.js';
import { ops } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { BODY_BEGINS, BODY_ENDS, bodyInput, recordBody } from './body.js';
import type { TraceContext } from './trace.js';

/** The computation of a layer at one step of time. */
export interface ScanDescription {
  /** The layer's name: for refusals. */
  readonly name: string;
  /** [batch, time, ...] */
  readonly x: tf.Tensor;
  /** [batch, time] */
  readonly mask?: tf.Tensor;
  /** States before the first step. */
  readonly states: readonly tf.Tensor[];
  /** Takes the last step first. */
  readonly backwards: boolean;
  /** Whether the output is that of every step, [batch, time, ...] in the order of the steps taken, or of the last. */
  readonly sequence: boolean;
  /** From a step of `x`, [batch, ...], and the states before it, the output and the states after it. */
  readonly step: (x: tf.Tensor, states: readonly tf.Tensor[], mask: tf.Tensor | undefined) => readonly tf.Tensor[];
}

/**
 * Records steps over any length of time as one ONNX Scan, its body traced once.
 * @returns the output, and the states after the last step
 * @throws TraceMismatchError when two steps differ; SignatureError when a step changes the shape of a state.
 */
export function scan(
  context: TraceContext,
  { name, x, mask, states, backwards, sequence, step }: ScanDescription,
): tf.Tensor[] {
  const stepOf = ({ dtype, shape: [batch, , ...rest] }: Value): Value => bodyInput(dtype, [batch!, ...rest]);
  const sequences = (mask ? [x, mask] : [x]).map((tensor) => context.recorded(tensor));
  const before = states.map((state) => context.recorded(state));
  const inner = {
    states: before.map(({ dtype, shape }) => bodyInput(dtype, shape)),
    sequences: sequences.map(stepOf),
  };
  context.note(BODY_BEGINS, [...before, ...sequences], [...inner.states, ...inner.sequences]);
  const outcome = recordBody(context, () => {
    const [xt, maskt] = inner.sequences.map((value) => context.tensor(value));
    const last = inner.states.map((value) => context.tensor(value));
    return step(xt!, last, maskt);
  });
  if (!outcome) {
    throw new TraceMismatchError(
      `layer '${name}' does not compute the same at every step of time; fix its time axis in the signature`,
    );
  }
  const [output, ...after] = outcome as [Value, ...Value[]];
  for (const [i, state] of after.entries()) {
    if (state.shape.join() !== before[i]!.shape.join()) {
      throw new SignatureError(
        `layer '${name}' changes the shape of its state from [${before[i]!.shape}] to [${state.shape}]: ` +
          'give it an initial state of that shape, or fix its time axis in the signature',
      );
    }
  }
  // The last output: a state as a rule; if not, it is carried along like one.
  const lastIsState = after.indexOf(output);
  const carriesOutput = !sequence && lastIsState < 0;
  const zeros = carriesOutput ? [context.recorded(tf.zeros([...output.shape], output.dtype as 'float32'))] : [];
  const carried = [...after, ...(carriesOutput ? [output] : [])];
  const whole = { dtype: output.dtype, shape: [output.shape[0]!, x.shape[1]!, ...output.shape.slice(1)] };
  const results = ops(
    'Scan',
    [...before, ...zeros, ...sequences],
    [...carried.map(({ dtype, shape }) => ({ dtype, shape })), ...(sequence ? [whole] : [])],
    {
      num_scan_inputs: sequences.length,
      scan_input_axes: sequences.map(() => 1),
      scan_input_directions: sequences.map(() => Number(backwards)),
      ...(sequence && { scan_output_axes: [1] }),
    },
    '',
    {
      inputs: [...inner.states, ...zeros.map(({ dtype, shape }) => bodyInput(dtype, shape)), ...inner.sequences],
      outputs: [...carried, ...(sequence ? [output] : [])],
    },
  );
  context.note(BODY_ENDS, [...before, ...zeros, ...sequences, ...carried], results);
  const final = results.slice(0, after.length);
  const result = sequence || carriesOutput ? results.at(-1)! : final[lastIsState]!;
  return [result, ...final].map((value) => context.tensor(value));
}
