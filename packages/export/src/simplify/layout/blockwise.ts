import { sizeOf } from '@onnx-forge/infer';
import { binary, fill, op, reshape, scalar } from '../../graph/build.js';
import { type GraphNode, nodeOf, topologicalOrder, type Value } from '../../graph/value.js';
import { NCHWC } from '../../idioms/blocked.js';
import type { Distinct } from '../distinct.js';
import { type Rewrite, rebuild } from '../rebuild.js';
import { straightened } from '../rules/straighten.js';
import { uniformValue } from '../uniform.js';
import { affine } from './affine.js';
import { BlockedImages } from './blocked-images.js';

/**
 * Computes values between convolutions in the layout of these, where a scale, a shift, a sum of images and a relu for each
 * channel are one pass: everywhere, or only where the layout is tfjs's own too, whichever goes through fewer numbers.
 */
export function blockwise(outputs: readonly Value[], block: number, distinct: Distinct): Value[] {
  const images = new BlockedImages(block);
  const clean = (node: GraphNode): Value | undefined => straightened(node) ?? images.unordered(node);
  const tidy = (values: readonly Value[]): Value[] => rebuild(rebuild(values, clean, distinct), undefined, distinct);
  const plain = tidy(outputs);
  const local = tidy(
    rebuild(
      plain,
      affine(plain, images, (image) => images.isOneBlock(image)),
      distinct,
    ),
  );
  const fused = affine(plain, images, () => true);
  const rewrite: Rewrite = (node, original) =>
    fused(node, original) ?? elementwise(node, images) ?? total(node, images);
  const everywhere = tidy(rebuild(plain, rewrite, distinct));
  return traffic(everywhere) < traffic(local) ? everywhere : local;
}

const ELEMENTWISE = ['Mul', 'Add', 'Sub', 'Div', 'Max', 'Min', 'Relu', 'HardSigmoid', 'Clip', 'Tanh', 'Sigmoid', 'Neg'];

/** Operators on whole images do not ask for their order. */
function elementwise(node: GraphNode, images: BlockedImages): Value | undefined {
  const [output] = node.outputs as [Value];
  if (!nodeOf(output, ...ELEMENTWISE) || !images.isImage(output) || images.isOneBlock(output)) return undefined;
  const same = (value: Value | undefined): boolean => value?.shape.join() === output.shape.join();
  const operands = node.inputs.filter(same) as Value[];
  const fitting = node.inputs.every((value) => same(value) || value === undefined || value.size === 1);
  const whole = operands.every((image) => images.hasTwin(image));
  if (!fitting || !(whole || operands.some((image) => isDerived(image, images)))) return undefined;
  const inputs = node.inputs.map((value) => (same(value) ? images.twin(value!) : value));
  return images.image(op(node.op, inputs, 'float32', images.twin(operands[0]!).shape, node.attributes));
}

/** An image with a twin that is not just what a convolution left: by then it is worth bringing another image over. */
function isDerived(image: Value, images: BlockedImages): boolean {
  if (!images.hasTwin(image)) return false;
  const { source } = images.twin(image);
  return source.kind === 'node' && (source.node.op !== 'Conv' || source.node.attributes.group !== 1);
}

/** A sum over all but the channels, as the lowerings write it (a row of ones times a matrix), from each example's means. */
function total(node: GraphNode, images: BlockedImages): Value | undefined {
  const [output] = node.outputs as [Value];
  if (!nodeOf(output, 'MatMul')) return undefined;
  const [ones, matrix] = node.inputs as [Value, Value];
  const image = nodeOf(matrix, 'Reshape')?.inputs[0];
  if (!image || !images.isImage(image) || images.isOneBlock(image) || !images.hasTwin(image)) return undefined;
  const [batch, height, width, channels] = image.shape as [number, number, number, number];
  const rows = batch * height * width;
  if (ones.shape.join() !== `1,${rows}` || matrix.shape.join() !== `${rows},${channels}` || uniformValue(ones) !== 1)
    return undefined;
  const means = op('GlobalAveragePool', [images.twin(image)], 'float32', [batch, channels, 1, 1], {}, NCHWC);
  const sum = op(
    'MatMul',
    [fill(1, 'float32', [1, batch]), reshape(means, [batch, channels])],
    'float32',
    output.shape,
  );
  return binary('Mul', sum, scalar(height * width, 'float32'));
}

/** How many numbers the nodes read and write. */
function traffic(outputs: readonly Value[]): number {
  const size = (values: readonly (Value | undefined)[]): number =>
    values.reduce((sum, value) => sum + (value ? sizeOf(value.shape) : 0), 0);
  return topologicalOrder(outputs)
    .filter(({ op: type }) => type !== 'Reshape')
    .reduce((sum, node) => sum + size(node.inputs) + size(node.outputs), 0);
}
