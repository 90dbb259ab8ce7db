import type { PortType } from '@onnx-forge/export';
import { Random, sizeOf, type Tensor } from '@onnx-forge/infer';

/** Sizes for the free dimensions of a model: another set for each trial, no two alike but for the batch. */
export function sizesFor(free: readonly string[], trial: number): Record<string, number> {
  return Object.fromEntries(free.map((name, i) => [name, name === 'batch' ? trial + 1 : 16 + 5 * i + 9 * trial]));
}

/**
 * A picture-like input: waves along the axes, and noise. At the first trial in [0, 1], at the second in [-1, 1]; whole
 * numbers in 0..255.
 */
export function inputFor({ shape, dtype }: PortType, sizes: Readonly<Record<string, number>>, trial: number): Tensor {
  const random = new Random(trial + 1);
  const dims = shape.map((n) => (typeof n === 'number' ? n : sizes[n]!));
  const position = dims.map(() => 0);
  const unit = Array.from({ length: sizeOf(dims) }, () => {
    const wave = position.reduce((sum, at, axis) => sum + Math.sin((at * (axis + 1 + trial)) / 9 + axis), 0);
    for (let axis = dims.length - 1; axis >= 0 && ++position[axis]! === dims[axis]; axis--) position[axis] = 0;
    return Math.min(1, Math.max(0, 0.5 + 0.3 * Math.sin(wave) + 0.2 * (random.uniform() - 0.5)));
  });
  if (dtype === 'float32') {
    return { type: dtype, dims, data: Float32Array.from(unit, (value) => (trial === 0 ? value : 2 * value - 1)) };
  }
  return { type: 'int32', dims, data: Int32Array.from(unit, (value) => Math.round(255 * value)) };
}
