import { float32, type Tensor } from '../arrays/tensor.js';
import { InputError } from '../errors.js';
import { size, withoutEval, z } from '../manifest/schema.js';
import { beamSequences, beamsOf } from '../methods/beam-graph.js';
import type { Sequence } from '../methods/beam-search.js';
import { type Float32Tensor, rowsPerCall } from '../methods/rows.js';
import { scoreSequences } from '../methods/score-sequences.js';
import { type GraphCalls, TranslationSteps, translateTogether } from '../methods/translation-steps.js';
import type { Work, WorkOptions } from '../methods/work.js';
import { tokenRows } from '../text/token-rows.js';
import { TOKENISER_NAMES } from '../text/tokenisers.js';
import { END, START } from '../text/vocabulary.js';
import { kindOf } from '../typed-array.js';
import { checked, NON_NEGATIVE, wholeNumber } from '../value-rule.js';
import type { Kind } from './kind.js';
import { type ModelContext, ServedModel } from './model.js';
import { type TranslatorManifest, type TranslatorServe, TranslatorTexts } from './translator-texts.js';

export type { TranslatorServe } from './translator-texts.js';

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
  roles({ serve: { sourceLength, maxLength, units, attention, vocabularySizes } }) {
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
      beamSearch: {
        inputs: { source, beams: { shape: ['beam'], dtype: 'int32', below: 1 } },
        outputs: {
          tokens: { shape: ['batch', maxLength, 'beam'], dtype: 'int32' },
          parents: { shape: ['batch', maxLength, 'beam'], dtype: 'int32' },
          logProbs: ['batch', maxLength, 'beam'],
          ...(attention && { attention: ['batch', maxLength, 'beam', sourceLength] }),
        },
      },
    };
  },
  create: (context) => new TranslatorModel(context),
};

export interface TranslateOptions extends WorkOptions {
  /** Sequences that the search keeps; default 1, greedy: the most probable token, one after the other. */
  readonly beam?: number | undefined;
  /**
   * Exponent a of the factor ((5 + length) / 6)^a that the log-probabilities of finished sequences are divided by, so that longer
   * ones may win (Wu et al. 2016, eq. 14). Default 0: the most probable one wins. A beam of 1 has no choice.
   */
  readonly lengthPenalty?: number | undefined;
  /**
   * Further models that write together with this one, of other seeds, say: the next token's log-probability is the mean of all
   * models', normalised (Sutskever et al. 2014). They need the same vocabularies and lengths.
   */
  readonly ensemble?: readonly TranslatorModel[] | undefined;
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

/** One model of an ensemble in one call. */
interface Member {
  readonly model: TranslatorModel;
  readonly work: Work;
}

/** Translates sentences word by word, with the attention that it paid. */
export class TranslatorModel extends ServedModel<TranslatorManifest> {
  readonly kind = 'translator';
  readonly #texts: TranslatorTexts;

  /** Throws RunFolderError when the vocabularies are not those of the graphs. */
  constructor(context: ModelContext<TranslatorManifest>) {
    super(context);
    this.#texts = new TranslatorTexts(context);
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
    const { ensemble = [], signal } = options;
    // A call of each, so that none of them is disposed on the way.
    const together = (members: readonly Member[]): Promise<Translation | Translation[]> => {
      const next = ensemble[members.length - 1];
      if (next === undefined) return this.#translate(members, texts, options);
      if (!(next instanceof TranslatorModel)) throw new InputError(`ensemble must have models that translate`);
      const difference = this.#texts.differenceTo(next.#texts);
      if (difference !== undefined)
        throw new InputError(`${next.location} can't translate together with ${this.location}: ${difference}`);
      return next.call('translate', { signal }, (work) => together([...members, { model: next, work }]));
    };
    return this.call('translate', options, (work) => together([{ model: this, work }]));
  }

  async #translate(
    members: readonly Member[],
    texts: string | readonly string[],
    { beam = 1, maxLength, lengthPenalty = 0, onProgress }: TranslateOptions,
  ): Promise<Translation | Translation[]> {
    const { serve } = this.manifest;
    checked('beam', beam, wholeNumber({ least: 1, most: this.#texts.target.size }));
    checked('lengthPenalty', lengthPenalty, NON_NEGATIVE);
    checked('maxLength', maxLength ?? serve.maxLength, wholeNumber({ least: 1, most: serve.maxLength }));
    const single = typeof texts === 'string';
    const all = single ? [texts] : texts;
    if (!Array.isArray(all)) throw new InputError(`what to translate must be strings, not ${kindOf(all)}`);
    const sentences = all.map((text: string, index) =>
      this.#texts.readSource(text, all.length === 1 ? 'the text' : `text ${index}`),
    );
    const options = {
      beam,
      maxLength: maxLength ?? serve.maxLength,
      start: this.#texts.target.id(START),
      end: serve.end ? this.#texts.target.id(END) : undefined,
      lengthPenalty,
    };
    // A search of full length by one model, by log p alone, is one graph, in runs that were written with it; any other goes step by step.
    const { work } = members[0]!;
    const isWhole = members.length === 1 && lengthPenalty === 0 && options.maxLength === serve.maxLength;
    const whole = isWhole ? this.optionalGraph('beamSearch') : undefined;
    const calls = members.map(({ model, work }) => ({
      ...model.#graphCalls(work),
      attention: model.manifest.serve.attention,
    }));
    const perCall = Math.max(1, Math.floor(Math.min(...calls.map((one) => one.perCall)) / beam));
    const search = async (source: Tensor): Promise<Sequence[]> => {
      if (!whole) return translateTogether(calls, source, options);
      return beamSequences(await work.run(whole, { source, beams: beamsOf(beam) }), source.dims[0]!, options);
    };
    const translations = new Array<Translation>(sentences.length);
    // Sentences of like length end at about the same step, and a call ends with the last of them.
    const order = Array.from(sentences.keys()).sort((one, other) => sentences[one]!.length - sentences[other]!.length);
    for (let from = 0; from < order.length; from += perCall) {
      const part = order.slice(from, from + perCall);
      const found = await search(this.#texts.padded(part.map((index) => sentences[index]!)));
      for (const [i, sequence] of found.entries()) translations[part[i]!] = this.#write(sequence, sentences[part[i]!]!);
      await onProgress?.({ done: Math.min(from + perCall, order.length), total: order.length });
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
      const sources = texts.map((text, index) => this.#texts.readSource(text, `text ${index}`));
      const targets = translations.map((text, index) => this.#texts.readTranslation(text, `translation ${index}`));
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
        tokenRows(sources, { name: 'source', vocabulary: this.#texts.source, least: 1, most: sourceLength }),
        tokenRows(translations, { name: 'translation', vocabulary: this.#texts.target, most: maxLength }),
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
      const source = this.#texts.padded(part.map((index) => sources[index]!));
      const found = await scoreSequences(
        await TranslationSteps.begin(run, source, attention),
        part.map((index) => targets[index]!),
        { start: this.#texts.target.id(START), freeRunning, nameOf: (row) => `translation ${part[row]}` },
      );
      for (const [i, { logProbs, greedy }] of found.entries()) {
        const target = targets[part[i]!]!;
        scores[part[i]!] = {
          tokens: this.#texts.target.decode(target),
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

  /** Why `translate` would not take a text; undefined if it would. */
  refusal(text: string): InputError | undefined {
    try {
      this.#texts.readSource(text, 'the text');
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  #write({ tokens, logProb, attention }: Sequence, source: readonly number[]): Translation {
    const written = this.#texts.target.decode(tokens);
    const words = written.at(-1) === END ? written.slice(0, -1) : written;
    return {
      text: words.join(' '),
      tokens: written,
      logProb,
      sourceTokens: this.#texts.source.decode(source),
      attention: attention.length > 0 ? stacked(attention, source.length) : undefined,
    };
  }
}

/** The first `width` numbers of each row; the others belong to padding. */
function stacked(rows: readonly Float32Array[], width: number): Float32Tensor {
  const data = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) data.set(row.subarray(0, width), i * width);
  return float32(data, [rows.length, width]);
}
