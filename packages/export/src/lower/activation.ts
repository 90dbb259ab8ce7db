import { op } from '../graph/build.js';
import { STANDARD } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import { unaryKernels } from './unary.js';

export interface FusedAttributes {
  /** tfjs's name, e.g. `relu`; `linear` or absent for none. */
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

/** Kernel that each fused activation stands for. */
const KERNELS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
};

/** Applies the activation of a fused kernel with the lowering of its own kernel. @throws Error for an unknown one. */
export function activate(
  x: Value,
  { activation = 'linear', leakyreluAlpha = 0.2 }: FusedAttributes,
  alpha?: Value,
): Value {
  if (activation === 'linear') return x;
  if (activation === 'prelu' && alpha) return op('PRelu', [x, alpha], x.dtype, x.shape);
  const row = unaryKernels.find(({ kernel }) => kernel === KERNELS[activation]);
  if (!row) throw new Error(`unknown fused activation '${activation}'`);
  return row.lower({ x }, { alpha: leakyreluAlpha }, STANDARD) as Value;
}
