import type { Value } from '../graph/value.js';
import { Distinct } from './distinct.js';
import { type Rewrite, rebuild } from './rebuild.js';
import type { RewriteRule } from './rule.js';

/** Rules that are applied together, again and again until none fires. */
export interface Phase {
  readonly name: string;
  readonly rules: readonly RewriteRule[];
}

/** One pass through a graph: how often each rule fired. In the last pass of a phase none does. */
export interface Pass {
  readonly phase: string;
  readonly fired: Readonly<Record<string, number>>;
}

/** Values with the passes that made them. */
export interface Rewritten {
  readonly values: readonly Value[];
  readonly passes: readonly Pass[];
}

/** Passes of a phase. Graphs of real models need two or three; rules that undo each other would never end. */
const MOST_PASSES = 20;

/**
 * The same values after each phase in turn. In a pass each rule of the phase goes through the graph, after the one before it:
 * a node is offered to it after the node's inputs.
 *
 * @throws Error after {@link MOST_PASSES} passes of a phase: a fault of its rules
 */
export function rewrite(
  outputs: readonly Value[],
  phases: readonly Phase[],
  distinct: Distinct = new Distinct(),
): Rewritten {
  let values: readonly Value[] = rebuild(outputs, undefined, distinct);
  const passes: Pass[] = [];
  for (const { name: phase, rules } of phases) {
    /** The graphs on which the rules did not fire. */
    const settled = new Map<RewriteRule, readonly Value[]>();
    for (let pass = 1; ; pass++) {
      const fired: Record<string, number> = {};
      for (const rule of rules) {
        if (settled.get(rule) === values) continue;
        const { rewritten, times } = applied(rule, values, distinct);
        if (times === 0) {
          settled.set(rule, values);
          continue;
        }
        fired[rule.name] = times;
        values = rebuild(rewritten, undefined, distinct); // equal nodes become one
      }
      passes.push({ phase, fired });
      const names = Object.keys(fired);
      if (names.length === 0) break;
      if (pass === MOST_PASSES) throw new Error(`rules of the phase ${phase} still fire in pass ${pass}: ${names}`);
    }
  }
  return { values, passes };
}

/** The values with the rule offered each node once. */
function applied(
  rule: RewriteRule,
  outputs: readonly Value[],
  distinct: Distinct,
): { rewritten: readonly Value[]; times: number } {
  const rewriteOf = rule.prepare(outputs);
  let times = 0;
  const count: Rewrite = (node, original) => {
    const value = rewriteOf(node, original);
    if (value === undefined || value === node.outputs[0]) return undefined;
    times++;
    return value;
  };
  const rewritten = rebuild(outputs, count, distinct);
  return { rewritten, times };
}
