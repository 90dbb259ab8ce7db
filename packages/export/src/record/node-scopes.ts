import { Complex, type Content } from '../graph/content.js';
import { type GraphNode, neededBy, Value } from '../graph/value.js';
import type { KernelLog } from './kernel-log.js';

/**
 * The part of a function that each node belongs to, for its name: the layer, else the kernel.
 *
 * @param stable layers are called after the weights that they read (`encoder/0` of `encoder/0/kernel`): tfjs's own names
 *   count the layers made before in this process
 */
export function nodeScopes(log: KernelLog, stable: boolean): Map<GraphNode, string> {
  const named = stable ? weightScopes(log) : undefined;
  const scopes = new Map<GraphNode, string>();
  for (const { kernel, layer, outputs } of log) {
    const scope = (named && layer !== undefined ? named.get(layer) : layer) ?? kernel;
    // Nodes behind these are of kernels before, and have theirs.
    const open = outputs.flatMap(valuesOf);
    for (let value = open.pop(); value; value = open.pop()) {
      if (value.source.kind !== 'node' || scopes.has(value.source.node)) continue;
      scopes.set(value.source.node, scope);
      for (const input of neededBy(value.source.node)) if (input) open.push(input);
    }
  }
  return scopes;
}

/** By layer, the name of the first weight that it reads, without its last part. */
function weightScopes(log: KernelLog): Map<string, string> {
  const scopes = new Map<string, string>();
  for (const { layer, inputs } of log) {
    if (layer === undefined || scopes.has(layer)) continue;
    const name = Object.values(inputs).flat().flatMap(valuesOf).map(nameOf).find(Boolean);
    const end = name?.lastIndexOf('/') ?? -1;
    if (end > 0) scopes.set(layer, name!.slice(0, end));
  }
  return scopes;
}

function nameOf({ source }: Value): string | undefined {
  return source.kind === 'constant' ? source.name : undefined;
}

function valuesOf(content: Content): Value[] {
  if (content instanceof Complex) return [content.real, content.imag];
  return content instanceof Value ? [content] : [];
}
