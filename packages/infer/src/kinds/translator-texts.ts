import type { Tensor } from '../arrays/tensor.js';
import { InputError, RunFolderError } from '../errors.js';
import type { ManifestOf } from '../manifest/base.js';
import { padRows } from '../text/pad.js';
import type { Tokeniser } from '../text/tokeniser.js';
import { tokeniser } from '../text/tokenisers.js';
import { PADDING, Vocabulary } from '../text/vocabulary.js';
import { kindOf } from '../typed-array.js';
import type { ModelContext } from './model.js';

/** Facts for using a model that translates sentences. */
export interface TranslatorServe {
  /** How a sentence becomes tokens: see `tokeniser`. */
  readonly tokeniser: string;
  /** Tokens of a source that the graphs read, marks counted; shorter ones are padded. */
  readonly sourceLength: number;
  /** The marks around a source. */
  readonly sourceMarks: { readonly start: boolean; readonly end: boolean };
  /** Tokens of a translation at most, the end mark counted. */
  readonly maxLength: number;
  /** Whether translations end by a mark; without one they all have `maxLength` tokens. */
  readonly end: boolean;
  /** Length of the encoder's vectors. */
  readonly units: number;
  /** Whether the model looks back at the source, and so has attention to show. */
  readonly attention: boolean;
  /** Tokens of the vocabularies `source` and `target` that the graphs were made for. */
  readonly vocabularySizes: { readonly source: number; readonly target: number };
  readonly [detail: string]: unknown;
}

export type TranslatorManifest = ManifestOf<'translator', TranslatorServe>;

/** Sentences of both languages as the token ids that a translator's graphs read and write. */
export class TranslatorTexts {
  readonly source: Vocabulary;
  readonly target: Vocabulary;
  readonly #serve: TranslatorServe;
  readonly #dataName: string;
  readonly #tokenise: Tokeniser;

  /** @throws RunFolderError when the vocabularies are not those of the graphs */
  constructor({ manifest, location }: ModelContext<TranslatorManifest>) {
    const { serve, vocabularies, data } = manifest;
    const of = (side: 'source' | 'target') => {
      const tokens = vocabularies?.[side] ?? [];
      const expected = serve.vocabularySizes[side];
      if (tokens.length === expected) return new Vocabulary(tokens);
      const message = `${location}: the manifest's ${side} vocabulary has ${tokens.length} tokens, but the graphs were made for ${expected}`;
      throw new RunFolderError('manifest-invalid', message, { location, side, tokens: tokens.length, expected });
    };
    this.source = of('source');
    this.target = of('target');
    this.#serve = serve;
    this.#dataName = data.name;
    this.#tokenise = tokeniser(serve.tokeniser);
  }

  /** Why the ids and lengths of another model are not these; undefined if they are. */
  differenceTo(other: TranslatorTexts): string | undefined {
    const [mine, theirs] = [this.#serve, other.#serve];
    for (const side of ['source', 'target'] as const) {
      const [tokens, others] = [this[side].tokens, other[side].tokens];
      if (tokens.length !== others.length || tokens.some((token, id) => token !== others[id]))
        return `its ${side} vocabulary is another`;
    }
    const same =
      mine.tokeniser === theirs.tokeniser &&
      mine.sourceLength === theirs.sourceLength &&
      mine.maxLength === theirs.maxLength &&
      mine.end === theirs.end &&
      mine.sourceMarks.start === theirs.sourceMarks.start &&
      mine.sourceMarks.end === theirs.sourceMarks.end;
    return same ? undefined : 'its sentences have another length, other marks or another tokeniser';
  }

  /** Sources as int32 [sources, sourceLength]. */
  padded(sources: readonly (readonly number[])[]): Tensor {
    const { sourceLength } = this.#serve;
    return padRows(sources, { length: sourceLength, padding: this.source.id(PADDING) });
  }

  /** A given translation as token ids. */
  readTranslation(text: string, name: string): number[] {
    const { maxLength, end } = this.#serve;
    if (typeof text !== 'string') throw new InputError(`${name} must be a string, not ${kindOf(text)}`);
    const words = this.#tokenise(text);
    if (words.length === 0) throw new InputError(`${name} has no words: '${shortened(text)}'`, { text });
    const ids = this.target.encode(words, { end });
    if (ids.length <= maxLength) return ids;
    const most = maxLength - Number(end);
    const message = `${name} has ${words.length} words and marks; this model writes at most ${most}: '${shortened(text)}'`;
    throw new InputError(message, { text, words: words.length, most });
  }

  /** A sentence as token ids. */
  readSource(text: string, name: string): number[] {
    const { sourceLength, sourceMarks } = this.#serve;
    if (typeof text !== 'string') throw new InputError(`${name} must be a string, not ${kindOf(text)}`);
    const tokens = this.#tokenise(text);
    if (tokens.length === 0) {
      throw new InputError(`${name} has no words: '${shortened(text)}' leaves nothing to translate`, { text });
    }
    const ids = this.source.encode(tokens, sourceMarks);
    if (ids.length > sourceLength) {
      const marks = ids.length - tokens.length;
      const message = `${name} has ${tokens.length} words and marks; this model reads at most ${sourceLength - marks}: '${shortened(text)}'`;
      throw new InputError(message, { text, words: tokens.length, most: sourceLength - marks });
    }
    const known = tokens.filter((token) => this.source.has(token));
    if (known.every((token) => !/\p{L}/u.test(token))) {
      const message = `${name} has no word that this model knows: '${shortened(text)}'; its vocabulary has ${this.source.size} tokens of ${this.#dataName}`;
      throw new InputError(message, { text, unknown: this.source.unknown(tokens) });
    }
    return ids;
  }
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
