import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Operator, operator } from './operator.js';
import { broadcastShape, equal } from './pairwise.js';

/** A product of matrices, spread over the axes before them; a vector is a matrix of one row (left) or one column (right). */
export function product(a: tf.Tensor, b: tf.Tensor, transposeB = false): tf.Tensor {
  const left = a.rank === 1 ? tf.expandDims(a, 0) : a;
  const right = b.rank === 1 ? tf.expandDims(b, 1) : b;
  const result = matrices(left, right, transposeB);
  if (a.rank > 1 && b.rank > 1) return result;
  const shape = [...result.shape];
  if (b.rank === 1) shape.pop();
  if (a.rank === 1) shape.splice(b.rank === 1 ? -1 : -2, 1);
  return tf.reshape(result, shape);
}

function matrices(a: tf.Tensor, b: tf.Tensor, transposeB: boolean): tf.Tensor {
  // One matrix for all rows is one product of many rows.
  if (b.rank === 2 && a.rank > 2) {
    const flat = tf.matMul(tf.reshape(a, [-1, a.shape.at(-1)!]) as tf.Tensor2D, b as tf.Tensor2D, false, transposeB);
    return tf.reshape(flat, [...a.shape.slice(0, -1), flat.shape[1]!]);
  }
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  // tfjs's own spreading of batches has wrong shapes, and no gradients.
  const full = (x: tf.Tensor): tf.Tensor =>
    equal(x.shape.slice(0, -2), batch) ? x : tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
  return tf.matMul(full(a) as tf.Tensor2D, full(b) as tf.Tensor2D, false, transposeB);
}

/** alpha A' B' + beta C. */
function gemm(call: Call): tf.Tensor {
  const [alpha, beta] = [call.float('alpha', 1), call.float('beta', 1)];
  const [transposeA, transposeB] = [call.int('transA', 0) === 1, call.int('transB', 0) === 1];
  call.ignore('broadcast');
  const plain = tf.matMul(call.tensor(0) as tf.Tensor2D, call.tensor(1) as tf.Tensor2D, transposeA, transposeB);
  const scaled = alpha === 1 ? plain : tf.mul(alpha, plain);
  const c = call.optional(2);
  if (!c || beta === 0) return scaled;
  return tf.add(scaled, beta === 1 ? c : tf.mul(beta, c));
}

interface Term {
  readonly letters: readonly string[];
  readonly tensor: tf.Tensor;
}

/** Stand for the axes of an ellipsis, the last one first. */
const ELLIPSIS = [...'αβγδεζηθικλμ'];

/** The terms of an equation, in which `...` stands for the axes that a term has beside its letters, the last ones together. */
function spelled(call: Call, equation: string): { terms: string[]; output: string | undefined } {
  const [inputs, output] = equation.split('->') as [string, string | undefined];
  const given = inputs.split(',');
  const depths = given.map((term, i) =>
    term.includes('...') ? call.shape(i).length - (term.length - '...'.length) : 0,
  );
  const axes = (depth: number): string => ELLIPSIS.slice(0, Math.max(0, depth)).reverse().join('');
  const most = axes(Math.max(...depths));
  const terms = given.map((term, i) => term.replace('...', axes(depths[i]!)));
  const sizes = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    const shape = call.shape(i);
    if (term.length !== shape.length) throw call.fault(`has '${given[i]}' for [${shape}] (${equation})`);
    for (const [axis, letter] of [...term].entries()) {
      const size = sizes.get(letter) ?? shape[axis]!;
      if (size !== shape[axis]) throw call.fault(`has ${size} and ${shape[axis]} elements for one axis (${equation})`);
      sizes.set(letter, size);
    }
  }
  if (output !== undefined) return { terms, output: output.replace('...', most) };
  if (most === '') return { terms, output };
  const all = inputs.replaceAll(/[.,]/g, '');
  return {
    terms,
    output:
      most +
      [...all]
        .filter((letter) => all.split(letter).length === 2)
        .sort()
        .join(''),
  };
}

/** Two terms at a time, each a product of matrices over the letters that nobody needs afterwards. */
function einsum(call: Call): tf.Tensor {
  const equation = call.text('equation', '').replaceAll(' ', '');
  const { terms, output } = spelled(call, equation);
  const repeated = terms.find((term) => new Set(term).size < term.length);
  if (repeated !== undefined) throw call.fault(`takes a diagonal (${repeated}), which is not supported`);
  const all = terms.join('');
  const once = [...new Set(all)].filter((letter) => all.split(letter).length === 2).sort();
  const wanted = [...(output ?? once.join(''))];
  const parts = call.tensors().map((tensor, i): Term => ({ letters: [...terms[i]!], tensor }));
  const joined = parts.reduce((a, b, i) => contracted(a, b, new Set([...wanted, ...terms.slice(i + 1).join('')])));
  const { letters, tensor } = summed(joined, new Set(wanted));
  return tf.transpose(
    tensor,
    wanted.map((letter) => letters.indexOf(letter)),
  );
}

function summed({ letters, tensor }: Term, needed: ReadonlySet<string>): Term {
  const axes = letters.flatMap((letter, axis) => (needed.has(letter) ? [] : [axis]));
  if (axes.length === 0) return { letters, tensor };
  return { letters: letters.filter((letter) => needed.has(letter)), tensor: tf.sum(tensor, axes) };
}

function contracted(first: Term, second: Term, needed: ReadonlySet<string>): Term {
  const a = summed(first, new Set([...needed, ...second.letters]));
  const b = summed(second, new Set([...needed, ...first.letters]));
  const both = a.letters.filter((letter) => b.letters.includes(letter));
  const batch = both.filter((letter) => needed.has(letter));
  const inner = both.filter((letter) => !needed.has(letter));
  const left = a.letters.filter((letter) => !both.includes(letter));
  const right = b.letters.filter((letter) => !both.includes(letter));
  const sizes = new Map([
    ...a.letters.map((letter, i): [string, number] => [letter, a.tensor.shape[i]!]),
    ...b.letters.map((letter, i): [string, number] => [letter, b.tensor.shape[i]!]),
  ]);
  const size = (letters: readonly string[]): number =>
    letters.reduce((product, letter) => product * sizes.get(letter)!, 1);
  const arranged = ({ letters, tensor }: Term, ...groups: (readonly string[])[]): tf.Tensor3D => {
    const order = groups.flat().map((letter) => letters.indexOf(letter));
    return tf.reshape(tf.transpose(tensor, order), groups.map(size) as [number, number, number]);
  };
  const product = tf.matMul(arranged(a, batch, left, inner), arranged(b, batch, inner, right));
  const letters = [...batch, ...left, ...right];
  return {
    letters,
    tensor: tf.reshape(
      product,
      letters.map((letter) => sizes.get(letter)!),
    ),
  };
}

/** Products of matrices. */
export const linear: readonly Operator[] = [
  operator('MatMul', (call) => product(call.tensor(0), call.tensor(1))),
  operator('Gemm', gemm),
  operator('Einsum', einsum),
];
