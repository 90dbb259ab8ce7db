import type { tf } from '../tfjs.js';
import { type Adapter, adapterOf, checkLora, type LoraOptions } from './adapters.js';
import type { Place } from './matrices.js';
import { OnnxImportError } from './model/errors.js';
import type { Known } from './model/known.js';
import type { Node } from './model/structure.js';
import type { ImportedWeight, ImportNote } from './report.js';
import { type FileWeight, isConstant, isUniform, knownOf, variableOf, type WeightUse } from './weights.js';

export type WeightPattern = string | RegExp | readonly (string | RegExp)[] | ((name: string) => boolean);

export type MergedWeights = 'auto' | 'split' | 'keep';

/** The weights of a file as variables and numbers. */
export interface ImportedWeights {
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly names: ReadonlyMap<tf.Variable, string>;
  readonly trainable: readonly tf.Variable[];
  readonly known: ReadonlyMap<string, Known>;
  /** The variable that a node gets at an input. */
  weightAt(node: Node, input: number): tf.Variable | undefined;
  /** The adapters, by the variables that they adapt. */
  readonly adapters: ReadonlyMap<tf.Variable, Adapter>;
  readonly entries: readonly ImportedWeight[];
  readonly notes: readonly ImportNote[];
}

export interface WeightOptions {
  readonly trainable?: WeightPattern;
  readonly merged?: MergedWeights;
  readonly lora?: LoraOptions;
  /** Weights that are trained whole, whatever the pattern and the adapters: those of a new head. */
  readonly whole?: readonly string[];
}

/** One variable to make: the weight, the places that read it, and its name. */
interface Part {
  readonly name: string;
  readonly weight: FileWeight;
  readonly uses: readonly WeightUse[];
  /** All places that get the variable, those that want its shape among them. */
  readonly asked: readonly Place[];
}

/** @throws OnnxImportError for patterns and adapters that no weight fits */
export function importWeights(weights: readonly FileWeight[], options: WeightOptions = {}): ImportedWeights {
  const { trainable: pattern, merged = 'auto', lora, whole = [] } = options;
  if (lora) checkLora(lora);
  const constants = weights.filter(isConstant);
  const floats = weights.filter((weight) => !isConstant(weight));
  const parts = floats.flatMap((weight) => partsOf(weight, merged));
  const chosen = chooser(pattern, parts);
  const variables = new Map<string, tf.Variable>();
  const names = new Map<tf.Variable, string>();
  const places = new Map<Node, Map<number, tf.Variable>>();
  const adapters = new Map<tf.Variable, Adapter>();
  const entries: ImportedWeight[] = [];
  const add = (variable: tf.Variable, { readBy, ...entry }: Omit<ImportedWeight, 'shape' | 'trainable'>): void => {
    const { name } = entry;
    if (variables.has(name)) throw new OnnxImportError(`weight '${name}' is there twice`);
    variables.set(name, variable);
    names.set(variable, name);
    entries.push({ ...entry, shape: variable.shape, trainable: variable.trainable, readBy });
  };
  for (const { name, weight, uses, asked } of parts) {
    const isWhole = whole.includes(name);
    const reason = frozenBecause(uses, isWhole || chosen(name));
    const adapts = lora !== undefined && !isWhole && reason === undefined;
    const frozen = adapts ? (weight.layout ? 'adapted' : 'no matrix') : reason;
    const variable = variableOf(weight.initializer, frozen === undefined);
    const readBy = uses.map(({ node }) => `${node.op} '${node.name}'`);
    for (const { node, input } of asked) places.set(node, (places.get(node) ?? new Map()).set(input, variable));
    add(variable, { name, ...(frozen && { frozen }), readBy });
    if (frozen !== 'adapted') continue;
    const adapter = adapterOf(variable, { name, shape: variable.shape }, weight.layout!, lora!);
    adapters.set(variable, adapter);
    add(adapter.a, { name: `${name}.lora_A`, readBy });
    add(adapter.b, { name: `${name}.lora_B`, readBy });
  }
  if (lora && adapters.size === 0) throw noMatrix(pattern, floats);
  return {
    variables,
    names,
    adapters,
    trainable: [...variables.values()].filter(({ trainable }) => trainable),
    known: new Map(constants.map(({ initializer }) => [initializer.name, knownOf(initializer)])),
    weightAt: (node, input) => places.get(node)?.get(input),
    entries,
    notes: floats.flatMap((weight) => noteOn(weight, merged)),
  };
}

function noMatrix(pattern: WeightPattern | undefined, floats: readonly FileWeight[]): OnnxImportError {
  const matrices = floats.filter(({ layout }) => layout).map(({ initializer }) => initializer.name);
  const among = pattern === undefined || typeof pattern === 'function' ? 'the weights' : `what fits '${pattern}'`;
  const others = matrices.length > 0 ? `; such are ${shortList(matrices)}` : '';
  return new OnnxImportError(
    `adapters go to matrices of MatMul, Gemm and 1 x 1 Conv, and among ${among} there is none${others}`,
    { matrices },
  );
}

function shortList(names: readonly string[]): string {
  return `${names.slice(0, 8).join(', ')}${names.length > 8 ? ' ...' : ''}`;
}

function frozenBecause(uses: readonly WeightUse[], chosen: boolean): ImportedWeight['frozen'] {
  if (uses.length === 0) return 'not read';
  if (uses.every(({ role }) => role !== 'parameter')) return 'statistic';
  return chosen ? undefined : 'not selected';
}

/** Whether the nodes that read the weight each get their own, or only those of one role together. */
function isSplit({ initializer, uses }: FileWeight, merged: MergedWeights): boolean {
  if (uses.length < 2 || merged === 'keep') return false;
  return merged === 'split' || isUniform(initializer);
}

function partsOf(weight: FileWeight, merged: MergedWeights): Part[] {
  const { initializer, uses, shapeUses } = weight;
  if (uses.length === 0) return [{ name: initializer.name, weight, uses, asked: shapeUses }];
  const ownRole = [...grouped(uses, ({ role }) => role).values()];
  const groups = isSplit(weight, merged) ? uses.map((use) => [use]) : ownRole;
  return groups.map((group, i) => ({
    // The first one keeps the name, so that a pattern finds it.
    name: i === 0 ? initializer.name : `${initializer.name}@${group[0]!.node.name}.${group[0]!.input}`,
    weight,
    uses: group,
    asked: i === 0 ? [...group, ...shapeUses] : group,
  }));
}

function grouped<T, K>(list: readonly T[], keyOf: (each: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const each of list) groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]);
  return groups;
}

/** Readers of a weight that a note names; a transformer's may be dozens. */
const MOST_NAMED = 3;

function noteOn(weight: FileWeight, merged: MergedWeights): ImportNote[] {
  const { initializer, uses } = weight;
  if (uses.length < 2) return [];
  const { name } = initializer;
  const places = uses.map(({ node, input }) => `${node.op} '${node.name}' (input ${input})`);
  const others = places.length - MOST_NAMED;
  const readers = [...places.slice(0, MOST_NAMED), ...(others > 0 ? [`${others} more`] : [])].join(', ');
  const roles = new Set(uses.map(({ role }) => role));
  const told = isSplit(weight, merged)
    ? 'each has its own here: exporters store equal weights once'
    : roles.size > 1
      ? 'running statistics and constants are apart from the parameters here'
      : `one weight here, as tied ones are; if the exporter stored equal ones once, import with merged: 'split'`;
  return [{ kind: 'merged', names: [name], message: `'${name}' is stored once for ${readers}: ${told}` }];
}

/** @throws OnnxImportError for a text or expression that no weight's name fits */
function chooser(pattern: WeightPattern | undefined, parts: readonly Part[]): (name: string) => boolean {
  if (pattern === undefined) return () => true;
  if (typeof pattern === 'function') return pattern;
  const list = [pattern].flat() as (string | RegExp)[];
  const tests = list.map((each) =>
    typeof each === 'string' ? globOf(each) : new RegExp(each.source, each.flags.replace(/[gy]/g, '')),
  );
  for (const [i, test] of tests.entries()) {
    if (parts.some(({ name }) => test.test(name))) continue;
    const names = parts.map(({ name }) => name);
    const known = names.length > 0 ? `the weights are ${shortList(names)}` : 'the file has no weights of floats';
    throw new OnnxImportError(`no weight's name fits ${JSON.stringify(String(list[i]))}; ${known}`, {
      pattern: String(list[i]),
      names,
    });
  }
  return (name) => tests.some((test) => test.test(name));
}

function globOf(text: string): RegExp {
  const escaped = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`);
}
