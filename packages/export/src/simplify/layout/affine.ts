import { fill, op, reshape, unary } from '../../graph/build.js';
import { usersOf } from '../../graph/users.js';
import { type GraphNode, nodeOf, ownOutput, type Value } from '../../graph/value.js';
import { NCHWC } from '../../idioms/blocked.js';
import type { Rewrite } from '../rebuild.js';
import { broadcastTo } from '../uniform.js';
import type { BlockedImages } from './blocked-images.js';

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
 * channel, which adds a bias and another image and applies relu. Images that it does not concern stay as they are.
 */
export function affine(outputs: readonly Value[], images: BlockedImages, concerns: (image: Value) => boolean): Rewrite {
  const users = usersOf(outputs);
  const kept = new Set(outputs.map(ownOutput));
  const known = new Map<Value, Affine>();
  const taken = (value: Value): Value => built(known.get(value), images) ?? value;
  return (node, original) => {
    const [output] = node.outputs as [Value];
    if (!images.isImage(output) || !concerns(output)) return undefined;
    const found = affineOf(node, known, taken);
    if (!found) return undefined;
    const [user, ...others] = users.get(original) ?? [];
    if (user && others.length === 0 && !kept.has(original) && continues(user, original)) {
      known.set(output, found);
      return undefined;
    }
    return built(found, images);
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

/** Undefined where the nodes as they are do as well: one alone, and images whose twins would have to be made. */
function built(found: Affine | undefined, images: BlockedImages): Value | undefined {
  if (!found) return undefined;
  const { x, scale, bias, sum, relu, nodes } = found;
  const useful = images.isOneBlock(x) ? nodes > 1 : images.hasTwin(x) || (sum !== undefined && images.hasTwin(sum));
  if (!useful) return undefined;
  const twin = images.twin(x);
  const channels = twin.shape[1]!;
  const each = (value: Value): Value => reshape(broadcastTo(value, [channels]), [channels]);
  const weights = scale ? reshape(each(scale), [channels, 1, 1, 1]) : fill(1, 'float32', [channels, 1, 1, 1]);
  const inputs = [twin, weights, bias && each(bias), sum && images.twin(sum)];
  const attributes = {
    kernel_shape: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    group: channels,
    ...(relu && { activation: 'Relu' }),
  };
  const y = op('Conv', inputs.slice(0, sum ? 4 : bias ? 3 : 2), 'float32', twin.shape, attributes, NCHWC);
  return images.image(y);
}
