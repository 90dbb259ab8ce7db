import { InputError } from '../errors.js';

/** Fills the rows of a batch up to the longest; models must not see it. By convention the id 0. */
export const PADDING = '<pad>';
/** Stands for every token that is not in the vocabulary. */
export const UNKNOWN = '<unk>';
/** Begins a sequence. */
export const START = '<sos>';
/** Ends a sequence. */
export const END = '<eos>';

export interface EncodeOptions {
  /** {@link START} first. */
  readonly start?: boolean;
  /** {@link END} last. */
  readonly end?: boolean;
}

/** Tokens and their ids, which count from 0 in the order given. */
export class Vocabulary {
  readonly tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws InputError when a token occurs twice */
  constructor(tokens: readonly string[]) {
    const ids = new Map<string, number>();
    for (const [id, token] of tokens.entries()) {
      const first = ids.get(token);
      if (first !== undefined) {
        throw new InputError(`the vocabulary has '${token}' twice, as ids ${first} and ${id}`, { token, first, id });
      }
      ids.set(token, id);
    }
    this.tokens = tokens;
    this.#ids = ids;
  }

  get size(): number {
    return this.tokens.length;
  }

  has(token: string): boolean {
    return this.#ids.has(token);
  }

  /** @throws InputError when the vocabulary has no such token, and no {@link UNKNOWN} to stand for it */
  id(token: string): number {
    const id = this.#ids.get(token) ?? this.#ids.get(UNKNOWN);
    if (id !== undefined) return id;
    throw new InputError(`'${token}' is not among the ${this.size} tokens of the vocabulary`, { token });
  }

  /** @throws InputError when there is no such id */
  token(id: number): string {
    const token = this.tokens[id];
    if (token !== undefined) return token;
    throw new InputError(`there is no token ${id}: the vocabulary has ${this.size}, from 0`, { id, size: this.size });
  }

  /** The ids of a list of tokens, between {@link START} and {@link END} where asked for. */
  encode(tokens: readonly string[], { start = false, end = false }: EncodeOptions = {}): number[] {
    const ids = tokens.map((token) => this.id(token));
    return [...(start ? [this.id(START)] : []), ...ids, ...(end ? [this.id(END)] : [])];
  }

  /** The tokens of a list of ids. */
  decode(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => this.token(id));
  }

  /** The tokens that the vocabulary does not have. */
  unknown(tokens: readonly string[]): string[] {
    return tokens.filter((token) => !this.has(token));
  }
}
