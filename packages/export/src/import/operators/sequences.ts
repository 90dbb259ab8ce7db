import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { Known, tensorOf } from '../model/known.js';
import { TensorSequence } from '../model/tensor-sequence.js';
import { type Operator, operator } from './operator.js';

/** Parts of an axis: of the sizes that are listed, of one size and what is left, or of one element, whose axis may go. */
function split(call: Call): TensorSequence {
  const x = call.tensor(0);
  const axis = call.axis(call.int('axis', 0));
  const keep = call.int('keepdims', 1) === 1;
  const n = x.shape[axis]!;
  const single = !call.has(1);
  const given = single ? undefined : call.known(1);
  const size = given?.rank === 0 ? given.data[0]! : 1;
  if (!(size > 0)) throw call.fault(`splits into parts of ${size} elements`);
  const even = Array.from({ length: Math.ceil(n / size) }, (_, i) => Math.min(size, n - i * size));
  const sizes = given && given.rank > 0 ? given.numbers() : even;
  if (!sizes.every((part) => part >= 0) || sizes.reduce((sum, part) => sum + part, 0) !== n)
    throw call.fault(`can't split ${n} elements into ${sizes.join(' + ')}`);
  let at = 0;
  const parts = sizes.map((part) => {
    const begin = x.shape.map((_, i) => (i === axis ? at : 0));
    at += part;
    const taken = tf.slice(
      x,
      begin,
      x.shape.map((whole, i) => (i === axis ? part : whole)),
    );
    return single && !keep ? tf.squeeze(taken, [axis]) : taken;
  });
  return new TensorSequence(parts);
}

/** Which of `count` places in a sequence an input names, counted from the front. */
function place(call: Call, input: number, count: number): number {
  const given = call.number(input)!;
  const at = given < 0 ? given + count : given;
  if (!(Number.isInteger(at) && at >= 0 && at < count))
    throw call.fault(`has place ${given} in a sequence of ${count}`);
  return at;
}

function inserted(call: Call): TensorSequence {
  const { parts } = call.sequence(0);
  const at = call.has(2) ? place(call, 2, parts.length + 1) : parts.length;
  return new TensorSequence([...parts.slice(0, at), call.datum(1), ...parts.slice(at)]);
}

function erased(call: Call): TensorSequence {
  const { parts } = call.sequence(0);
  const at = call.has(1) ? place(call, 1, parts.length) : parts.length - 1;
  return new TensorSequence(parts.filter((_, i) => i !== at));
}

function joined(call: Call): tf.Tensor {
  const parts = call.sequence(0).parts.map(tensorOf);
  const fresh = call.int('new_axis', 0) === 1;
  if (parts.length === 0) throw call.fault('joins a sequence without parts');
  const axis = call.axis(call.int('axis', 0), parts[0]!.rank + (fresh ? 1 : 0));
  if (fresh) return tf.stack(parts, axis);
  return parts.length === 1 ? parts[0]! : tf.concat(parts, axis);
}

/** Sequences of tensors, as PyTorch's newer exporter writes `split`, `chunk` and lists. */
export const sequences: readonly Operator[] = [
  operator('SplitToSequence', split, { constants: [1] }),
  operator('SequenceConstruct', (call) => new TensorSequence(call.inputs.map((_, i) => call.datum(i)))),
  operator('SequenceEmpty', (call) => {
    call.ignore('dtype');
    return new TensorSequence([]);
  }),
  operator(
    'SequenceAt',
    (call) => {
      const { parts } = call.sequence(0);
      return parts[place(call, 1, parts.length)]!;
    },
    { constants: [1] },
  ),
  operator('SequenceInsert', inserted, { constants: [2] }),
  operator('SequenceErase', erased, { constants: [1] }),
  operator('SequenceLength', (call) => Known.scalar(call.sequence(0).parts.length)),
  operator('ConcatFromSequence', joined),
];
