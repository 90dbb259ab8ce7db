import type { Random } from '@onnx-forge/infer';
import { MUTATE_BYTES, type Mutation } from './mutate.js';

/** A reader of bytes that come from strangers. */
export interface Target {
  readonly name: string;
  /** Inputs that it accepts. */
  readonly seeds: readonly Uint8Array[];
  /** Changes that know the format; those of bytes come on top. */
  readonly mutations?: readonly Mutation[];
  /** Words of the format that changes of bytes may put in. */
  readonly words?: readonly (string | Uint8Array)[];
  /** Writes again what must fit the content (checksums, lengths), so that changes get past the first check. */
  readonly repair?: (input: Uint8Array) => Uint8Array;
  /** A library of others parses, and its messages are passed on with the name of the library. */
  readonly foreign?: boolean;
  /** The most that an input may take, milliseconds of the processor's time, where its limits allow more work than reading. */
  readonly longestRead?: number;
  /** Reads an input, or throws. */
  read(input: Uint8Array): unknown;
  dispose?(): Promise<void>;
}

/** Opens a target; `scratch` is an empty folder of its own. */
export type OpenTarget = (scratch: string) => Promise<Target>;

/** An input made from another one by a few changes. */
export function mutated(target: Target, input: Uint8Array, random: Random): Uint8Array {
  const own = target.mutations ?? [];
  let bytes = input;
  const changes = random.uniform() < 0.5 ? 1 : 2 + random.integer(3);
  for (let change = 0; change < changes; change++) {
    const formatted = own.length > 0 && random.uniform() < 0.6;
    const choice = formatted ? own : MUTATE_BYTES;
    bytes = orAsItIs(bytes, (input) => choice[random.integer(choice.length)]!(random, input, target.words ?? []));
  }
  return target.repair && random.uniform() < 0.7 ? orAsItIs(bytes, target.repair) : bytes;
}

/** The input, changed; one that is spoilt too far to be written again (JSON that is nested too deeply, say) stays as it is. */
function orAsItIs(input: Uint8Array, change: (input: Uint8Array) => Uint8Array): Uint8Array {
  try {
    return change(input);
  } catch {
    return input;
  }
}
