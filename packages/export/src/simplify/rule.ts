import type { Value } from '../graph/value.js';
import type { Rewrite } from './rebuild.js';

/** A small graph that a rule rewrites, or that it must leave as it is. */
export interface RuleCase {
  readonly name: string;
  /** The graph's outputs, of inputs that are fed. */
  build(): readonly Value[];
  /** The outputs afterwards as expressions, `Mul(x, Mul(c, d))`; absent: the rule must not fire. */
  readonly becomes?: readonly string[];
}

/** A way of computing the same values with fewer or smaller nodes. */
export interface RewriteRule {
  readonly name: string;
  /** One sentence for docs/rules.md. */
  readonly says: string;
  /** Looks at the whole graph, of equal nodes once, and returns what rewrites its nodes in one pass. */
  prepare(outputs: readonly Value[]): Rewrite;
  readonly cases: readonly RuleCase[];
}
