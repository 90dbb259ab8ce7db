import type { Dialect } from '../graph/dialect.js';
import type { GraphNode, Value } from '../graph/value.js';
import { blockwise } from './layout/blockwise.js';
import { rebuild } from './rebuild.js';
import { products } from './rules/products.js';
import { steps } from './rules/steps.js';
import { straightened, unrepeated } from './rules/unrepeat.js';
import { widened } from './rules/widen.js';

/**
 * The same values from fewer and smaller nodes: what a training step computes, as tfjs's gradients write it, is full of
 * tensors of ones, products in an unlucky order, and the same thing twice. Numbers change by rounding alone. Constants
 * must be constants: a variable has to be an input by now.
 */
export function simplify(outputs: readonly Value[], { channelBlock }: Dialect): Value[] {
  const local = (node: GraphNode): Value | undefined => straightened(node) ?? unrepeated(node);
  const round = (values: readonly Value[]): Value[] => {
    const distinct = rebuild(rebuild(values, local));
    return rebuild(distinct, products(distinct));
  };
  const simple = rebuild(rebuild(round(round(outputs)), local));
  const stepped = rebuild(rebuild(simple, steps(simple)));
  const fused = channelBlock ? blockwise(stepped, channelBlock) : stepped;
  return rebuild(rebuild(fused, widened));
}
