import { float32, type Tensor } from '../arrays/tensor.js';
import { InputError, RunFolderError } from '../errors.js';
import type { ManifestOf } from '../manifest/base.js';
import { size, withoutEval, z } from '../manifest/schema.js';
import {
  beamSearch,
  type SearchOptions,
  type Sequence,
  type StepDecoder,
  type StepOutput,
} from '../methods/beam-search.js';
import { type Float32Tensor, rowsPerCall } from '../methods/rows.js';
import { scoreSequences } from '../methods/score-sequences.js';
import type { Work, WorkOptions } from '../methods/work.js';
import { padRows } from '../text/pad.js';
import { tokenRows } from '../text/token-rows.js';
import type { Tokeniser } from '../text/tokeniser.js';
import { TOKENISER_NAMES, tokeniser } from '../text/tokenisers.js';
import { END, PADDING, START, Vocabulary } from '../text/vocabulary.js';
import { kindOf } from '../typed-array.js';
import type { Kind } from './kind.js';
import { type ModelContext, ServedModel } from './model.js';

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

type TranslatorManifest = ManifestOf<'translator', TranslatorServe>;

export const translator: Kind<'translator', TranslatorServe, TranslatorModel> = {
  kind: 'translator',
  serve: withoutEval(() =>
    z.looseObject({
      tokeniser: z.enum(TOKENISER_NAMES),
      sourceLength: size,
      sourceMarks: z.object({ start: z.boolean(), end: z.boolean() }),
      maxLength: size,
      end: z.boolean(),
      units: size,
      attention: z.boolean(),
      vocabularySizes: z.object({ source: size, target: size }),
    }),
  ),
  roles({ serve: { sourceLength, units, attention, vocabularySizes } }) {
    const source = { shape: ['batch', sourceLength], dtype: 'int32', below: vocabularySizes.source } as const;
    const token = { shape: ['batch'], dtype: 'int32', below: vocabularySizes.target } as const;
    const outputs = ['batch', sourceLength, units];
    const state = ['batch', units];
    return {
      encode: { required: true, inputs: { source }, outputs: { outputs, state } },
      decodeStep: {
        required: true,
        inputs: { token, state, ...(attention && { source, outputs }) },
        outputs: {
          logProbs: ['batch', vocabularySizes.target],
          nextState: state,
          ...(attention && { attention: ['batch', sourceLength] }),
        },
      },
    };
  },
  create: (context) => new TranslatorModel(context),
};

export interface TranslateOptions extends WorkOptions {
  /** Sequences that the search keeps; default 1, greedy: the most probable token, one after the other. */
  readonly beam?: number | undefined;
  /** Tokens of a translation at most, the end mark counted; default and limit: as in training. */
  readonly maxLength?: number | undefined;
}

export interface Translation {
  readonly text: string;
  /** With the end mark, where the model set one. */
  readonly tokens: readonly string[];
  /** log p(tokens | sentence), nats. */
  readonly logProb: number;
  /** Tokens of the sentence that was translated, with the model's marks; `<unk>` for a word that it does not know. */
  readonly sourceTokens: readonly string[];
  /** Where the model looked for each token: [tokens, source tokens], rows sum to 1. Undefined for a model without attention. */
  readonly attention: Float32Tensor | undefined;
}

export interface ScoreOptions extends WorkOptions {
  /**
   * Whether the model goes on from its own most probable tokens (free running), as when it translates, or from the given
   * ones (teacher forcing). Default false.
   */
  readonly freeRunning?: boolean | undefined;
}

/** How likely a given translation is. */
export interface TranslationScore {
  /** Of the given translation: its end mark counted, where the model sets one; `<unk>` for a word that it does not know. */
  readonly tokens: readonly string[];
  /** Sum of `logProbs`. By teacher forcing log p(tokens | sentence), nats; free running is a measure, no probability. */
  readonly logProb: number;
  /** log p of each token, given the sentence and the tokens before it: the given ones, or the model's own. */
  readonly logProbs: Float64Array;
  /** Whether it is what greedy search (a beam of 1) writes; of equally probable tokens that takes the first. */
  readonly greedy: boolean;
}

/** Translates sentences word by word, with the attention that it paid. */
export class TranslatorModel extends ServedModel<TranslatorManifest> {
  readonly kind = 'translator';
  readonly #source: Vocabulary;
  readonly #target: Vocabulary;
  readonly #tokenise: Tokeniser;

  /** Throws RunFolderError when the vocabularies are not those of the graphs. */
  constructor(context: ModelContext<TranslatorManifest>) {
    super(context);
    const { manifest, location } = context;
    const of = (side: 'source' | 'target') => {
      const tokens = manifest.vocabularies?.[side] ?? [];
      const expected = manifest.serve.vocabularySizes[side];
      if (tokens.length === expected) return new Vocabulary(tokens);
      const message = `${location}: the manifest's ${side} vocabulary has ${tokens.length} tokens, but the graphs were made for ${expected}`;
      throw new RunFolderError('manifest-invalid', message, { location, side, tokens: tokens.length, expected });
    };
    this.#source = of('source');
    this.#target = of('target');
    this.#tokenise = tokeniser(manifest.serve.tokeniser);
  }

  /**
   * The most probable translation that the search finds.
   *
   * Throws InputError, one line that names the text: nothing in it to translate, no word that the model knows, or more words
   * than it can read.
   */
  translate(text: string, options?: TranslateOptions): Promise<Translation>;
  /** The same for each of several texts, many at a time. */
  translate(texts: readonly string[], options?: TranslateOptions): Promise<Translation[]>;
  translate(texts: string | readonly string[], options: TranslateOptions = {}): Promise<Translation | Translation[]> {
    return this.call('translate', options, (work) => this.#translate(work, texts, options));
  }

  async #translate(
    work: Work,
    texts: string | readonly string[],
    { beam = 1, maxLength, onProgress }: TranslateOptions,
  ): Promise<Translation | Translation[]> {
    const { serve } = this.manifest;
    checkCount('beam', beam, this.#target.size);
    checkCount('maxLength', maxLength ?? serve.maxLength, serve.maxLength);
    const single = typeof texts === 'string';
    const all = single ? [texts] : texts;
    if (!Array.isArray(all)) throw new InputError(`what to translate must be strings, not ${kindOf(all)}`);
    const sentences = all.map((text: string, index) =>
      this.#read(text, all.length === 1 ? 'the text' : `text ${index}`),
    );
    const options = {
      beam,
      maxLength: maxLength ?? serve.maxLength,
      start: this.#target.id(START),
      end: serve.end ? this.#target.id(END) : undefined,
      attention: serve.attention,
    };
    const { run, perCall: sequences } = this.#graphCalls(work);
    const perCall = Math.max(1, Math.floor(sequences / beam));
    const translations: Translation[] = [];
    for (let from = 0; from < sentences.length; from += perCall) {
      const part = sentences.slice(from, from + perCall);
      const found = await translateTokens(run, this.#padded(part), options);
      for (const [i, sequence] of found.entries()) translations.push(this.#write(sequence, part[i]!));
      await onProgress?.({ done: translations.length, total: sentences.length });
    }
    return single ? translations[0]! : translations;
  }

  /**
   * How likely given translations are.
   *
   * @param translations of the texts, one of each
   * @throws InputError as `translate` does, and when a translation has more words than the model writes, or none
   */
  score(
    texts: readonly string[],
    translations: readonly string[],
    options: ScoreOptions = {},
  ): Promise<TranslationScore[]> {
    return this.call('score', options, async (work) => {
      for (const list of [texts, translations]) {
        if (!Array.isArray(list)) throw new InputError(`what to score must be arrays of strings, not ${kindOf(list)}`);
      }
      const sources = texts.map((text, index) => this.#read(text, `text ${index}`));
      const targets = translations.map((text, index) => this.#readTranslation(text, `translation ${index}`));
      return this.#score(work, sources, targets, options);
    });
  }

  /**
   * {@link score} of rows of token ids, with the marks that the model was trained with and without padding at the end.
   *
   * @throws InputError when a row is too long or a number is no token's id
   */
  scoreTokens(
    sources: readonly ArrayLike<number>[],
    translations: readonly ArrayLike<number>[],
    options: ScoreOptions = {},
  ): Promise<TranslationScore[]> {
    return this.call('scoreTokens', options, async (work) => {
      const { sourceLength, maxLength } = this.manifest.serve;
      return this.#score(
        work,
        tokenRows(sources, { name: 'source', vocabulary: this.#source, least: 1, most: sourceLength }),
        tokenRows(translations, { name: 'translation', vocabulary: this.#target, most: maxLength }),
        options,
      );
    });
  }

  /** Translations of like length run together, so that few steps are taken for nothing. */
  async #score(
    work: Work,
    sources: readonly (readonly number[])[],
    targets: readonly (readonly number[])[],
    { freeRunning = false, onProgress }: ScoreOptions,
  ): Promise<TranslationScore[]> {
    if (sources.length !== targets.length) {
      const message = `there must be one translation of each text: there are ${sources.length} texts and ${targets.length} translations`;
      throw new InputError(message, { texts: sources.length, translations: targets.length });
    }
    const { attention, end, maxLength } = this.manifest.serve;
    const { run, perCall } = this.#graphCalls(work);
    const scores = new Array<TranslationScore>(sources.length);
    const order = Array.from(sources.keys()).sort((one, other) => targets[one]!.length - targets[other]!.length);
    for (let from = 0; from < order.length; from += perCall) {
      const part = order.slice(from, from + perCall);
      const source = this.#padded(part.map((index) => sources[index]!));
      const found = await scoreSequences(
        await TranslationSteps.begin(run, source, attention),
        part.map((index) => targets[index]!),
        { start: this.#target.id(START), freeRunning, nameOf: (row) => `translation ${part[row]}` },
      );
      for (const [i, { logProbs, greedy }] of found.entries()) {
        const target = targets[part[i]!]!;
        scores[part[i]!] = {
          tokens: this.#target.decode(target),
          logProb: logProbs.reduce((sum, value) => sum + value, 0),
          logProbs,
          // Without an end mark the search goes on to the greatest length.
          greedy: greedy && (end || target.length === maxLength),
        };
      }
      await onProgress?.({ done: Math.min(from + perCall, order.length), total: order.length });
    }
    return scores;
  }

  /** Runs the graphs, and how many sequences to run at once. */
  #graphCalls(work: Work): { readonly run: GraphCalls; readonly perCall: number } {
    const { sourceLength, units } = this.manifest.serve;
    const encode = this.graph('encode');
    const decodeStep = this.graph('decodeStep');
    return {
      run: (name, feeds) => work.run(name === 'encode' ? encode : decodeStep, feeds),
      perCall: rowsPerCall(encode, sourceLength * units),
    };
  }

  #padded(sources: readonly (readonly number[])[]): Tensor {
    const { sourceLength } = this.manifest.serve;
    return padRows(sources, { length: sourceLength, padding: this.#source.id(PADDING) });
  }

  /** A given translation as token ids. */
  #readTranslation(text: string, name: string): number[] {
    const { maxLength, end } = this.manifest.serve;
    if (typeof text !== 'string') throw new InputError(`${name} must be a string, not ${kindOf(text)}`);
    const words = this.#tokenise(text);
    if (words.length === 0) throw new InputError(`${name} has no words: '${shortened(text)}'`, { text });
    const ids = this.#target.encode(words, { end });
    if (ids.length <= maxLength) return ids;
    const most = maxLength - Number(end);
    const message = `${name} has ${words.length} words and marks; this model writes at most ${most}: '${shortened(text)}'`;
    throw new InputError(message, { text, words: words.length, most });
  }

  /** Why `translate` would not take a text; undefined if it would. */
  refusal(text: string): InputError | undefined {
    try {
      this.#read(text, 'the text');
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  /** A sentence as token ids. */
  #read(text: string, name: string): number[] {
    const { sourceLength, sourceMarks } = this.manifest.serve;
    if (typeof text !== 'string') throw new InputError(`${name} must be a string, not ${kindOf(text)}`);
    const tokens = this.#tokenise(text);
    if (tokens.length === 0) {
      throw new InputError(`${name} has no words: '${shortened(text)}' leaves nothing to translate`, { text });
    }
    const ids = this.#source.encode(tokens, sourceMarks);
    if (ids.length > sourceLength) {
      const marks = ids.length - tokens.length;
      const message = `${name} has ${tokens.length} words and marks; this model reads at most ${sourceLength - marks}: '${shortened(text)}'`;
      throw new InputError(message, { text, words: tokens.length, most: sourceLength - marks });
    }
    const known = tokens.filter((token) => this.#source.has(token));
    if (known.every((token) => !/\p{L}/u.test(token))) {
      const message = `${name} has no word that this model knows: '${shortened(text)}'; its vocabulary has ${this.#source.size} tokens of ${this.manifest.data.name}`;
      throw new InputError(message, { text, unknown: this.#source.unknown(tokens) });
    }
    return ids;
  }

  #write({ tokens, logProb, attention }: Sequence, source: readonly number[]): Translation {
    const written = this.#target.decode(tokens);
    const words = written.at(-1) === END ? written.slice(0, -1) : written;
    return {
      text: words.join(' '),
      tokens: written,
      logProb,
      sourceTokens: this.#source.decode(source),
      attention: attention.length > 0 ? stacked(attention, source.length) : undefined,
    };
  }
}

/** Runs a graph of a translator by its name. */
export type GraphCalls = (
  graph: 'encode' | 'decodeStep',
  feeds: Readonly<Record<string, Tensor>>,
) => Promise<Record<string, Tensor>>;

/** Encodes sentences, int32 [sentences, length], and searches for a translation of each. */
export async function translateTokens(
  run: GraphCalls,
  source: Tensor,
  { attention, ...search }: SearchOptions & { readonly attention: boolean },
): Promise<Sequence[]> {
  return beamSearch(await TranslationSteps.begin(run, source, attention), source.dims[0]!, search);
}

/** The decoder's steps over sentences that are encoded: keeps the states of the rows, and copies what belongs to each. */
export class TranslationSteps implements StepDecoder {
  readonly #run: GraphCalls;
  /** Encoder outputs of every sentence, which the decoder attends to. */
  readonly #seen: Readonly<Record<string, Tensor>>;
  /** The same for the rows of the last step. */
  #beside: Readonly<Record<string, Tensor>>;
  /** Of the rows of the last step: their sentences and states. */
  #sentences: readonly number[];
  #state: Tensor;

  private constructor(run: GraphCalls, seen: Readonly<Record<string, Tensor>>, state: Tensor) {
    this.#run = run;
    this.#seen = seen;
    this.#beside = seen;
    this.#sentences = Array.from({ length: state.dims[0]! }, (_, i) => i);
    this.#state = state;
  }

  /** @param attention whether the model looks back at the source */
  static async begin(run: GraphCalls, source: Tensor, attention: boolean): Promise<TranslationSteps> {
    const { outputs, state } = await run('encode', { source });
    return new TranslationSteps(run, attention ? { source, outputs: outputs! } : {}, state!);
  }

  async step(parents: readonly number[], tokens: Int32Array): Promise<StepOutput> {
    const sentences = parents.map((parent) => this.#sentences[parent]!);
    if (!sameOrder(sentences, this.#sentences)) {
      const rows = Object.entries(this.#seen).map(([name, tensor]) => [name, takeRows(tensor, sentences)]);
      this.#beside = Object.fromEntries(rows);
    }
    const inPlace = sameOrder(
      parents,
      this.#sentences.map((_, row) => row),
    );
    const state = inPlace ? this.#state : takeRows(this.#state, parents);
    const token: Tensor = { type: 'int32', dims: [tokens.length], data: tokens };
    const { logProbs, nextState, attention } = await this.#run('decodeStep', { token, state, ...this.#beside });
    this.#state = nextState!;
    this.#sentences = sentences;
    return { logProbs: logProbs!.data as Float32Array, attention: attention?.data as Float32Array | undefined };
  }
}

/** Rows of a tensor's first axis in a new order; they may repeat. */
function takeRows(tensor: Tensor, rows: readonly number[]): Tensor {
  const { type, dims, data } = tensor as Tensor & { readonly data: Float32Array | Int32Array };
  const size = data.length / dims[0]!;
  const taken = type === 'int32' ? new Int32Array(rows.length * size) : new Float32Array(rows.length * size);
  for (const [to, from] of rows.entries()) taken.set(data.subarray(from * size, (from + 1) * size), to * size);
  return { type, dims: [rows.length, ...dims.slice(1)], data: taken };
}

function sameOrder(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}

/** The first `width` numbers of each row; the others belong to padding. */
function stacked(rows: readonly Float32Array[], width: number): Float32Tensor {
  const data = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) data.set(row.subarray(0, width), i * width);
  return float32(data, [rows.length, width]);
}

function checkCount(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  throw new InputError(`${name} must be a whole number from 1 to ${most}, not ${value}`, { [name]: value, most });
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
