import { tf } from '../tfjs.js';
import { override } from './isolation.js';

type Layer = tf.layers.Layer;

const OPTIMIZERS: readonly { readonly prototype: tf.Optimizer }[] = [
  tf.SGDOptimizer,
  tf.MomentumOptimizer,
  tf.RMSPropOptimizer,
  tf.AdagradOptimizer,
  tf.AdadeltaOptimizer,
  tf.AdamOptimizer,
  tf.AdamaxOptimizer,
];

/** The fields that an object had, arrays with their entries. */
type Snapshot = ReadonlyMap<PropertyKey, { readonly value: unknown; readonly entries?: readonly unknown[] }>;

/**
 * Remembers the fields of every layer and optimizer when it is first used: recurrent layers keep tensors in theirs
 * (states, dropout masks), optimizers their slots. Stop it in a `finally`.
 */
export class Fields {
  readonly #snapshots = new Map<object, Snapshot>();
  readonly #undo: (() => void)[];

  constructor() {
    const remember = (object: object): void => this.#remember(object);
    const { prototype } = tf.layers.Layer;
    const { apply } = prototype;
    this.#undo = [
      override(prototype, 'apply', function (this: Layer, ...args) {
        remember(this);
        return apply.apply(this, args);
      }),
      ...OPTIMIZERS.map(({ prototype: optimizer }) => whenTaken(optimizer, 'applyGradients', remember)),
    ];
  }

  /** No further layer or optimizer is remembered. */
  stop(): void {
    for (const undo of this.#undo.toReversed()) undo();
  }

  /** Gives back the tensors that were in fields: those made meanwhile mean nothing afterwards. Variables stay. */
  restoreTensors(): void {
    for (const [object, snapshot] of this.#snapshots) {
      restore(object, snapshot, (before, now) => holdsTensor(before) || holdsTensor(now));
    }
  }

  /** Gives every field back. */
  restoreAll(): void {
    for (const [object, snapshot] of this.#snapshots) restore(object, snapshot, () => true);
  }

  #remember(object: object): void {
    if (this.#snapshots.has(object)) return;
    const values = Object.entries(object);
    const fields = values.map(([name, value]) => {
      return [name, Array.isArray(value) ? { value, entries: [...value] } : { value }] as const;
    });
    this.#snapshots.set(object, new Map(fields));
    // Wrappers and recurrent layers run the layers and cells inside them without `apply`.
    for (const inner of values.flatMap(([, value]) => value)) {
      if (inner instanceof tf.layers.Layer) this.#remember(inner);
    }
  }
}

/**
 * Calls `taken` with the object whose method is asked for. Not by another method in its place: compiled steps put
 * theirs there, and change fields before they call the one they found.
 */
function whenTaken<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  taken: (object: object) => void,
): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, name)!;
  let method = prototype[name];
  Object.defineProperty(prototype, name, {
    configurable: true,
    get() {
      if (this !== prototype) taken(this);
      return own.get ? own.get.call(this) : method;
    },
    set(replacement) {
      if (own.set) own.set.call(this, replacement);
      else method = replacement;
    },
  });
  return () => Object.defineProperty(prototype, name, own);
}

function restore(object: object, fields: Snapshot, wanted: (before: unknown, now: unknown) => boolean): void {
  const current = object as Record<PropertyKey, unknown>;
  for (const [name, { value, entries }] of fields) {
    if (!wanted(entries ?? value, current[name])) continue;
    if (current[name] !== value) current[name] = value;
    if (entries) (value as unknown[]).splice(0, Number.POSITIVE_INFINITY, ...entries);
  }
  for (const name of Object.keys(object)) {
    if (!fields.has(name) && wanted(undefined, current[name])) delete current[name];
  }
}

function holdsTensor(value: unknown): boolean {
  if (value instanceof tf.Tensor) return !(value instanceof tf.Variable);
  return Array.isArray(value) && value.some(holdsTensor);
}
