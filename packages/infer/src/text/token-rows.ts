import { InputError } from '../errors.js';
import { kindOf, typedArrayKind } from '../typed-array.js';
import type { Vocabulary } from './vocabulary.js';

export interface TokenRowsCheck {
  /** Name of the rows in messages: `row`, `window` ... */
  readonly name: string;
  readonly vocabulary: Vocabulary;
  /** Tokens of a row; default of the least: none. */
  readonly least?: number;
  readonly most: number;
  /** The way out for a row that is too long, as an instruction. */
  readonly advice?: string;
}

/**
 * A copy of rows of token ids.
 *
 * @throws InputError, one line, unless there is a row, each is of a length allowed, and each number is a token's id
 */
export function tokenRows(rows: readonly ArrayLike<number>[], check: TokenRowsCheck): number[][] {
  const { name, vocabulary, least = 0, most, advice } = check;
  if (!Array.isArray(rows)) throw new InputError(`tokens must be rows of token ids, not ${kindOf(rows)}`);
  if (rows.length === 0) throw new InputError(`there is no ${name} of tokens: give at least one`);
  return rows.map((row: unknown, index) => {
    if (!Array.isArray(row) && typedArrayKind(row) === undefined) {
      throw new InputError(`${name} ${index} must be an array of token ids, not ${kindOf(row)}`, { index });
    }
    const ids = Array.from(row as ArrayLike<number>);
    const wrong = ids.findIndex((id) => vocabulary.tokens[id] === undefined);
    if (wrong >= 0) {
      const message = `${name} ${index}: there is no token ${ids[wrong]}; ids are 0 to ${vocabulary.size - 1}`;
      throw new InputError(message, { index, id: ids[wrong] });
    }
    if (ids.length > most) throw tooLong(`${name} ${index}`, ids.length, most, advice);
    if (ids.length >= least) return ids;
    throw new InputError(`${name} ${index} has ${ids.length} tokens; the model needs ${least} at least`, { index });
  });
}

/** The refusal of a text or row with more tokens than the model takes. */
export function tooLong(name: string, length: number, maxLength: number, advice?: string): InputError {
  return new InputError(
    `${name} has ${length} tokens; the model reads at most ${maxLength}${advice ? `: ${advice}` : ''}`,
    { length, maxLength },
  );
}
