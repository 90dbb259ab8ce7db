import { sizeOf } from '@onnx-forge/infer';
import { fill, op, reshape, unary } from '../graph/build.js';
import { type GraphNode, nodeOf, ownOutput, type Value } from '../graph/value.js';
import { type Rule, usersOf } from './rebuild.js';
import { broadcastTo } from './uniform.js';

const NCHWC = 'com.microsoft.nchwc';

/** relu(scale * x + bias + sum) with one scale and one bias for each channel of an image [batch, height, width, channels]. */
interface Affine {
  readonly x: Value;
  readonly scale?: Value;
  readonly bias?: Value;
  readonly sum?: Value;
  readonly relu?: boolean;
  /** How many nodes it stands for. */
  readonly nodes: number;
}

/**
 * In one pass what otherwise takes one for each product and each sum: onnxruntime's CPU convolution of one pixel and one
 * channel, which adds a bias and another image and applies relu. Its layout holds a block of channels as tfjs does.
 */
export function affine(outputs: readonly Value[], block: number): Rule {
  const users = usersOf(outputs);
  const kept = new Set(outputs.map(ownOutput));
  const known = new Map<Value, Affine>();
  const taken = (value: Value): Value => built(known.get(value)) ?? value;
  return (node, original) => {
    const [output] = node.outputs as [Value];
    if (output.rank !== 4 || output.shape[3] !== block || output.dtype !== 'float32') return undefined;
    const found = affineOf(node, known, taken);
    if (!found) return undefined;
    const [user, ...others] = users.get(original) ?? [];
    if (user && others.length === 0 && !kept.has(original) && continues(user, original)) {
      known.set(output, found);
      return undefined;
    }
    return built(found);
  };
}

function continues(user: GraphNode, value: Value): boolean {
  const next = nodeOf(user.outputs[0]!, 'Add', 'Sub', 'Relu');
  return next !== undefined && (next.op !== 'Sub' || ownOutput(next.inputs[0]!) === value);
}

function affineOf(
  node: GraphNode,
  known: ReadonlyMap<Value, Affine>,
  taken: (value: Value) => Value,
): Affine | undefined {
  const [output] = node.outputs as [Value];
  if (!nodeOf(output, 'Relu', 'Mul', 'Add', 'Sub')) return undefined;
  const [a, b] = node.inputs as [Value, Value];
  const open = (value: Value): Affine | undefined => {
    const inner = known.get(value);
    return inner?.relu ? undefined : inner;
  };
  if (node.op === 'Relu') {
    const inner = open(a);
    return inner && { ...inner, relu: true, nodes: inner.nodes + 1 };
  }
  const [image, other] = isImage(a, output) ? [a, b] : [b, a];
  if (!isImage(image, output)) return undefined;
  if (isForChannels(other, output)) {
    if (node.op === 'Mul') return { x: taken(image), scale: other, nodes: 1 };
    if (node.op === 'Sub' && image !== a) return undefined;
    const bias = node.op === 'Sub' ? unary('Neg', other) : other;
    const inner = open(image);
    return inner && !inner.bias ? { ...inner, bias, nodes: inner.nodes + 1 } : { x: taken(image), bias, nodes: 1 };
  }
  if (node.op !== 'Add' || !isImage(other, output)) return undefined;
  for (const [first, second] of [
    [image, other],
    [other, image],
  ] as const) {
    const inner = open(first);
    if (inner && !inner.sum) return { ...inner, sum: taken(second), nodes: inner.nodes + 1 };
  }
  return undefined;
}

function isImage(value: Value, like: Value): boolean {
  return value.shape.join() === like.shape.join();
}

/** One number, or one for each channel. */
function isForChannels({ size, shape }: Value, { shape: image }: Value): boolean {
  return size === 1 || (size === shape.at(-1) && size === image.at(-1));
}

/** A single node is as fast by itself. */
function built(found: Affine | undefined): Value | undefined {
  if (!found || found.nodes < 2) return undefined;
  const { x, scale, bias, sum, relu } = found;
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const blocked = [batch, channels, height, width];
  const each = (value: Value): Value => reshape(broadcastTo(value, [channels]), [channels]);
  const weights = scale ? reshape(each(scale), [channels, 1, 1, 1]) : fill(1, 'float32', [channels, 1, 1, 1]);
  const inputs = [reshape(x, blocked), weights, bias && each(bias), sum && reshape(sum, blocked)];
  const y = op(
    'Conv',
    inputs.slice(0, sum ? 4 : bias ? 3 : 2),
    'float32',
    blocked,
    {
      kernel_shape: [1, 1],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      group: channels,
      ...(relu && { activation: 'Relu' }),
    },
    NCHWC,
  );
  return reshape(y, x.shape);
}

/** Of one block of channels, the blocked layout is tfjs's: nothing to reorder. */
export function unordered(node: GraphNode, block: number | undefined): Value | undefined {
  const [output] = node.outputs as [Value];
  if (node.domain !== NCHWC || !['ReorderInput', 'ReorderOutput'].includes(node.op)) return undefined;
  const [x] = node.inputs as [Value];
  const image = node.op === 'ReorderInput' ? x : output;
  const channels = image.shape[image.rank - 1];
  const same = node.attributes.channels_last === 1 && channels === block && x.size === sizeOf(output.shape);
  return same ? reshape(x, output.shape) : undefined;
}
