import type { Phase } from './rewrite.js';
import { products } from './rules/products.js';
import { steps } from './rules/steps.js';
import { straighten } from './rules/straighten.js';
import { unrepeat } from './rules/unrepeat.js';
import { widen } from './rules/widen.js';

/** Before the layout of images is chosen: rules that shrink the graph, then those that share what is left. */
export const BEFORE_LAYOUT: readonly Phase[] = [
  { name: 'shrink', rules: [straighten, unrepeat, products] },
  { name: 'share', rules: [steps] },
];

/** Last, since {@link widen} adds the repeats that {@link unrepeat} takes away. */
export const AFTER_LAYOUT: readonly Phase[] = [{ name: 'widen', rules: [widen] }];
