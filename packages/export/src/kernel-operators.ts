import { Complex, type Content } from './graph/content.js';
import { type GraphNode, topologicalOrder, Value } from './graph/value.js';
import { families } from './lower/index.js';
import type { LoweringCase } from './lower/lowering.js';
import type { KernelLog } from './record/kernel-log.js';
import { trace } from './record/trace.js';

/** The standard operators that each kernel becomes, sorted; found by tracing the cases of all lowerings. */
export function operatorsByKernel(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const { cases } of Object.values(families).flat()) {
    for (const testCase of cases) {
      const known = new Set<GraphNode>();
      for (const { kernel, outputs } of kernelsOf(testCase)) {
        const nodes = topologicalOrder(outputs.flatMap(valuesOf)).filter((node) => !known.has(node));
        const operators = found.get(kernel) ?? new Set();
        found.set(kernel, operators);
        for (const node of nodes) {
          known.add(node);
          operators.add(node.op);
        }
      }
    }
  }
  return new Map([...found].map(([kernel, operators]) => [kernel, [...operators].sort()]));
}

/** The kernels that a case dispatches, in their order. */
function kernelsOf({ inputs, run }: LoweringCase): KernelLog {
  return trace((context) => {
    const fed = Object.entries(inputs).map(([name, { shape, dtype = 'float32' }]) => {
      return [name, context.input(name, { shape, dtype })] as const;
    });
    run(Object.fromEntries(fed));
    return {};
  }).log;
}

function valuesOf(content: Content): Value[] {
  if (content instanceof Complex) return [content.real, content.imag];
  return content instanceof Value ? [content] : [];
}
