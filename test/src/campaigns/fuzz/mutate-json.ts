import type { Random } from '@onnx-forge/infer';
import { chosen, type Mutation } from './mutate.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Names that are properties of every object, and others that readers are not ready for. */
const NAMES = ['__proto__', 'constructor', 'toString', 'length', '', '../x', 'a\u0000b', 'hasOwnProperty'];

/** Values of all kinds, most of them wrong wherever they stand. */
const VALUES: readonly Json[] = [
  ...[null, true, false, 0, -1, 1, 1.5, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53)],
  ...[
    '',
    ' ',
    'x',
    '__proto__',
    '../../etc/passwd',
    '/etc/passwd',
    'C:\\x',
    'file:///etc/passwd',
    '\u0000',
    '\n',
    '\ud800',
  ],
  ...[[], [[]], [null], {}, { x: null }, { __proto__x: 1 }, [1, 2, 3], [-1], [2 ** 32], ['', '']],
];

/** Changes of one node of a JSON text; what is none is given back. */
export const MUTATE_JSON: readonly Mutation[] = [
  (random, input) => onTree(random, input, (parent, key) => set(parent, key, chosen(random, VALUES))),
  (random, input) => onTree(random, input, (parent, key) => remove(parent, key)),
  (random, input) => onTree(random, input, (parent, key) => rename(random, parent, key)),
  (random, input) => onTree(random, input, (parent, key) => set(parent, key, wrapped(random, get(parent, key)))),
  (random, input) => onTree(random, input, (parent, key) => repeated(random, parent, key)),
  (random, input) =>
    deepened(
      random,
      onTree(random, input, (parent, key) => set(parent, key, DEEP)),
    ),
  (random, input) => {
    const nodes: Json[] = [];
    return onTree(random, input, (parent, key) => set(parent, key, chosen(random, nodes)), nodes);
  },
];

/** Stands for a value that is nested more deeply than JSON.stringify can. */
const DEEP = '<deep>';

function deepened(random: Random, input: Uint8Array): Uint8Array {
  const depth = chosen(random, [100, 1000, 6000]);
  const [open, close] = chosen(random, [
    ['[', ']'],
    ['{"x":', '}'],
  ]);
  const deep = `${open.repeat(depth)}1${close.repeat(depth)}`;
  return Buffer.from(Buffer.from(input).toString().replace(JSON.stringify(DEEP), deep));
}

/** The mutations of a JSON text that is a part of an input. */
export function jsonPart(
  find: (input: Uint8Array) => Uint8Array,
  replace: (input: Uint8Array, json: Uint8Array) => Uint8Array,
): Mutation[] {
  return MUTATE_JSON.map((change) => (random, input, words) => replace(input, change(random, find(input), words)));
}

type Parent = Json[] | { [key: string]: Json };
type Place = readonly [parent: Parent, key: string];

function onTree(random: Random, input: Uint8Array, change: (...place: Place) => void, nodes: Json[] = []): Uint8Array {
  let root: { root: Json };
  try {
    root = { root: JSON.parse(Buffer.from(input).toString('utf8')) as Json };
  } catch {
    return input;
  }
  const places: Place[] = [];
  collect(root, places, nodes, 0);
  change(...chosen(random, places));
  try {
    return Buffer.from(JSON.stringify(root.root) ?? '');
  } catch {
    // A node was put inside itself.
    return input;
  }
}

function collect(parent: Parent, places: Place[], nodes: Json[], depth: number): void {
  for (const key of Object.keys(parent)) {
    if (places.length > 20_000) return;
    places.push([parent, key]);
    const value = get(parent, key);
    nodes.push(value);
    if (typeof value === 'object' && value !== null && depth < 200) collect(value, places, nodes, depth + 1);
  }
}

const get = (parent: Parent, key: string): Json => (parent as { [key: string]: Json })[key]!;

/** As JSON.parse does: `__proto__` is a property like others. */
function set(parent: Parent, key: string, value: Json): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

function remove(parent: Parent, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

function rename(random: Random, parent: Parent, key: string): void {
  const value = get(parent, key);
  if (Array.isArray(parent)) {
    parent[Number(key)] = chosen(random, NAMES);
    return;
  }
  if (random.uniform() < 0.7) delete parent[key];
  set(parent, random.uniform() < 0.5 ? chosen(random, NAMES) : `${key}x`, value);
}

/** Deep enough that recursion shows. */
function wrapped(random: Random, value: Json): Json {
  let out = value;
  for (let depth = chosen(random, [1, 2, 3, 90]); depth > 0; depth--) out = random.uniform() < 0.5 ? [out] : { x: out };
  return out;
}

function repeated(random: Random, parent: Parent, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 0, ...Array(chosen(random, [1, 2, 40])).fill(get(parent, key)));
  else set(parent, `${key}${random.integer(10)}`, get(parent, key));
}
