import type { Dialect } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import { Distinct } from './distinct.js';
import { blockwise } from './layout/blockwise.js';
import { AFTER_LAYOUT, BEFORE_LAYOUT } from './phases.js';
import { type Rewritten, rewrite } from './rewrite.js';

/**
 * The same values from fewer and smaller nodes: what a training step computes, as tfjs's gradients write it, is full of
 * tensors of ones, products in a costlier order than needed, and equal nodes twice. Numbers change by rounding alone. Constants
 * must be constants: a variable has to be an input by now.
 */
export function simplify(outputs: readonly Value[], { channelBlock }: Dialect): Rewritten {
  const distinct = new Distinct();
  const before = rewrite(outputs, BEFORE_LAYOUT, distinct);
  const images = channelBlock ? blockwise(before.values, channelBlock, distinct) : before.values;
  const { values, passes } = rewrite(images, AFTER_LAYOUT, distinct);
  return { values, passes: [...before.passes, ...passes] };
}
