import { binaryKernels as binary } from './binary.js';
import { blocks } from './blocks.js';
import { complex } from './complex.js';
import { convolution } from './convolution.js';
import { convolutionGradient } from './convolution-gradient.js';
import { counting } from './counting.js';
import { cumulative } from './cumulative.js';
import { depthwiseConvolution } from './depthwise.js';
import { dilation } from './dilation.js';
import { contraction } from './einsum.js';
import { gathering } from './gathering.js';
import { joining } from './joining.js';
import { linear } from './linear.js';
import type { Lowering } from './lowering.js';
import { normalisation } from './normalisation.js';
import { padding } from './padding.js';
import { pooling } from './pooling.js';
import { poolingGradient } from './pooling-gradient.js';
import { ranking } from './ranking.js';
import { reduction } from './reduction.js';
import { resizing } from './resizing.js';
import { rotation } from './rotation.js';
import { sampling } from './sampling.js';
import { scattering } from './scattering.js';
import { slicing } from './slicing.js';
import { softmax } from './softmax.js';
import { structure } from './structure.js';
import { unaryKernels as unary } from './unary.js';

/** Every lowering, one array a family. Adding a family: one file beside this one and one line here. */
export const families: Readonly<Record<string, readonly Lowering[]>> = {
  complex,
  convolution,
  convolutionGradient,
  depthwiseConvolution,
  dilation,
  normalisation,
  pooling,
  poolingGradient,
  binary,
  unary,
  linear,
  reduction,
  structure,
  joining,
  slicing,
  padding,
  gathering,
  scattering,
  blocks,
  resizing,
  sampling,
  ranking,
  cumulative,
  counting,
  softmax,
  contraction,
  rotation,
};

/** Lowerings by kernel name. @throws Error when two families claim the same kernel. */
export function loweringTable(): Map<string, Lowering> {
  const table = new Map<string, Lowering>();
  for (const [family, lowerings] of Object.entries(families)) {
    for (const lowering of lowerings) {
      if (table.has(lowering.kernel))
        throw new Error(`kernel ${lowering.kernel} is lowered twice (again in ${family})`);
      table.set(lowering.kernel, lowering);
    }
  }
  return table;
}
