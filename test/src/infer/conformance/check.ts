import type { Device, GraphOptions, Model, Session } from '@onnx-forge/infer';

/** Numbers that must come out the same on every device, by name. */
export type Values = Readonly<Record<string, ArrayLike<number>>>;

/** The subject of a check of sessions. Checks run in Node and in browsers alike: no module of theirs may import Node's. */
export interface SessionSubject {
  readonly device: Device;
  /** Opens a small affine graph: {@link AFFINE}. */
  open(options?: GraphOptions): Promise<Session>;
  /** Opens any bytes. */
  openBytes(bytes: Uint8Array, options?: GraphOptions): Promise<Session>;
  readonly bytes: Uint8Array;
  /** A graph that refuses an odd number of rows while it runs. */
  readonly evenOnly: Uint8Array;
  /** y = x + (1, 2, 3, ... 2000), which lie in the file `beside.data` from byte 4096 on. */
  readonly outside: Uint8Array;
}

export interface ModelSubject {
  /** Loaded once for all checks. */
  readonly model: Model;
  /** Another instance of it. */
  load(): Promise<Model>;
  /** How many calls overlap where that is checked. */
  readonly calls: number;
}

/** Throws when something is wrong; returns what is to be compared with the reference device. */
export type Check<Subject> = (subject: Subject) => Promise<Values | undefined>;

export type Checks<Subject> = Readonly<Record<string, Check<Subject>>>;

/**
 * The largest difference between two results, relative to the size of the number or of the average number beside it,
 * whichever is larger: a probability of 1e-9 need not agree to 1e-13.
 */
export function worstDifference(values: Values, reference: Values): { name: string; difference: number } {
  let worst = { name: '', difference: 0 };
  if (Object.keys(values).join() !== Object.keys(reference).join()) return { name: 'names', difference: Infinity };
  for (const [name, expected] of Object.entries(reference)) {
    const found = values[name]!;
    if (found.length !== expected.length) return { name: `length of ${name}`, difference: Infinity };
    let scale = 0;
    for (let i = 0; i < expected.length; i++) scale += Math.abs(expected[i]!) / expected.length;
    for (let i = 0; i < expected.length; i++) {
      const size = Math.max(Math.abs(expected[i]!), scale);
      const difference = found[i] === expected[i] ? 0 : Math.abs(found[i]! - expected[i]!) / size;
      if (!(difference <= worst.difference)) worst = { name: `${name}[${i}]`, difference };
    }
  }
  return worst;
}
