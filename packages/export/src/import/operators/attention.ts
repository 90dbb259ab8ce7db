import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { product } from './linear.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

/** Is added to scores of keys that a query may not see: finite, so that no difference of infinities arises. */
const HIDDEN = -1e30;

/** [batch, heads, length, size] of a sequence, whose heads may lie side by side in its last axis. */
function heads(x: tf.Tensor, count: number | undefined, call: Call): tf.Tensor {
  if (x.rank === 4) return x;
  if (x.rank !== 3 || !count) throw call.fault('takes 4 dimensions, or 3 with the numbers of heads');
  const [batch, length, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, count, width / count]), [0, 2, 1, 3]);
}

/** Each head of keys or values for a group of queries' heads. */
function repeated(x: tf.Tensor, times: number): tf.Tensor {
  if (times === 1) return x;
  const [batch, count, length, size] = x.shape as [number, number, number, number];
  const spread = tf.mul(tf.reshape(x, [batch, count, 1, length, size]), tf.ones([1, 1, times, 1, 1]));
  return tf.reshape(spread, [batch, count * times, length, size]);
}

/** A summand of the scores, [queries, keys], that follows from sizes alone: causality, counted from the past on, and windows. */
function windowBias(call: Call, queries: number, keys: number, past: number): tf.Tensor | undefined {
  const causal = call.int('is_causal', 0) === 1;
  const [left, right] = [call.int('left_window_size', -1), call.int('right_window_size', -1)];
  if (!causal && left < 0 && right < 0) return undefined;
  const sees = (i: number, j: number): boolean =>
    (!causal || j <= i + past) && (left < 0 || j >= i + past - left) && (right < 0 || j <= i + past + right);
  const numbers = Array.from({ length: queries * keys }, (_, at) =>
    sees(Math.floor(at / keys), at % keys) ? 0 : HIDDEN,
  );
  return tf.tensor(numbers, [queries, keys]);
}

function maskBias(mask: tf.Tensor | undefined, keys: number, call: Call): tf.Tensor | undefined {
  if (!mask) return undefined;
  if (mask.shape.at(-1) !== keys) throw call.fault(`has a mask of ${mask.shape.at(-1)} keys, and there are ${keys}`);
  if (mask.dtype !== 'bool') return tf.maximum(mask, HIDDEN);
  return untaped(() => tf.where(mask, tf.zeros(mask.shape), tf.fill(mask.shape, HIDDEN)));
}

/** Scaled dot products of queries and keys, softmax, and the values so weighed (Vaswani et al. 2017). */
function attention(call: Call): tf.Tensor[] {
  if (call.has(6)) throw call.fault('takes lengths of padded sequences (nonpad_kv_seqlen), which is not supported');
  const flat = call.shape(0).length === 3;
  const q = heads(call.tensor(0), call.int('q_num_heads', 0), call);
  const count = call.int('kv_num_heads', 0);
  const joined = (input: number, before: number): tf.Tensor => {
    const now = heads(call.tensor(input), count, call);
    return call.has(before) ? tf.concat([call.tensor(before), now], 2) : now;
  };
  const [keys, values] = [joined(1, 4), joined(2, 5)];
  const past = call.has(4) ? call.shape(4)[2]! : 0;
  const [queries, size] = q.shape.slice(2) as [number, number];
  const group = q.shape[1]! / keys.shape[1]!;
  if (!Number.isInteger(group)) throw call.fault(`has ${q.shape[1]} heads of queries for ${keys.shape[1]} of keys`);
  const scale = call.float('scale', 1 / Math.sqrt(size));
  const cap = call.float('softcap', 0);
  call.ignore('softmax_precision');
  const plain = tf.mul(product(q, tf.transpose(repeated(keys, group), [0, 1, 3, 2])), scale);
  const scores = cap > 0 ? tf.mul(tf.tanh(tf.div(plain, cap)), cap) : plain;
  const length = keys.shape[2]!;
  const biases = [windowBias(call, queries, length, past), maskBias(call.optional(3), length, call)];
  const given = biases.filter((bias) => bias !== undefined);
  const bias = given.length > 0 ? given.reduce((a, b) => tf.add(a, b)) : undefined;
  const weights = bias ? seen(tf.softmax(tf.add(scores, bias)), bias) : tf.softmax(scores);
  const y = product(weights, repeated(values, group));
  const mode = call.int('qk_matmul_output_mode', 0);
  if (call.wants(3) && mode !== 0 && mode !== 3)
    throw call.fault(`gives its scores by mode ${mode}; 0 and 3 are supported`);
  const [batch, , , width] = y.shape as [number, number, number, number];
  const result = flat ? tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [batch, queries, q.shape[1]! * width]) : y;
  return [result, keys, values, mode === 3 ? weights : plain];
}

/** A query that sees no key gives zeros. */
function seen(weights: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const any = untaped(() => tf.cast(tf.greater(tf.max(bias, -1, true), HIDDEN / 2), 'float32'));
  return tf.mul(weights, any);
}

/** Pairs of numbers are turned by angles that grow with the position (Su et al. 2021). */
function rotary(call: Call): tf.Tensor {
  const given = call.tensor(0);
  const count = call.int('num_heads', 0);
  const x = given.rank === 4 ? tf.transpose(given, [0, 2, 1, 3]) : splitHeads(given, count, call);
  const [batch, length, , size] = x.shape as [number, number, number, number];
  const turned = call.int('rotary_embedding_dim', 0) || size;
  const interleaved = call.int('interleaved', 0) === 1;
  const half = turned / 2;
  const angle = (input: number): tf.Tensor => {
    const cache = call.tensor(input);
    const rows = call.has(3) ? tf.gather(cache, tf.cast(call.tensor(3), 'int32')) : cache;
    return tf.reshape(rows, [rows.shape[0] === 1 ? 1 : batch, length, 1, half]);
  };
  const [cos, sin] = [angle(1), angle(2)];
  const part = tf.slice(x, [0, 0, 0, 0], [...x.shape.slice(0, 3), turned]);
  const pairs = tf.reshape(part, [...x.shape.slice(0, 3), ...(interleaved ? [half, 2] : [2, half])]);
  const axis = interleaved ? 4 : 3;
  const [a, b] = [0, 1].map((which) => {
    const begin = [0, 0, 0, 0, 0];
    begin[axis] = which;
    const sizes = [...pairs.shape];
    sizes[axis] = 1;
    return tf.reshape(tf.slice(pairs, begin, sizes), [...x.shape.slice(0, 3), half]);
  }) as [tf.Tensor, tf.Tensor];
  const real = tf.sub(tf.mul(cos, a), tf.mul(sin, b));
  const imaginary = tf.add(tf.mul(sin, a), tf.mul(cos, b));
  const joined = tf.reshape(tf.concat([tf.expandDims(real, axis), tf.expandDims(imaginary, axis)], axis), [
    ...x.shape.slice(0, 3),
    turned,
  ]);
  const rest = tf.slice(x, [0, 0, 0, turned], [...x.shape.slice(0, 3), size - turned]);
  const y = turned === size ? joined : tf.concat([joined, rest], 3);
  return given.rank === 4 ? tf.transpose(y, [0, 2, 1, 3]) : tf.reshape(y, given.shape);
}

function splitHeads(x: tf.Tensor, count: number, call: Call): tf.Tensor {
  if (x.rank !== 3 || count < 1) throw call.fault('takes 4 dimensions, or 3 with num_heads');
  const [batch, length, width] = x.shape as [number, number, number];
  return tf.reshape(x, [batch, length, count, width / count]);
}

/** Attention and positions of transformers, operators of their own since opset 23. */
export const attentions: readonly Operator[] = [operator('Attention', attention), operator('RotaryEmbedding', rotary)];
