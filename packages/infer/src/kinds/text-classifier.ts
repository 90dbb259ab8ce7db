import { float32 } from '../arrays/tensor.js';
import { InputError, RunFolderError } from '../errors.js';
import type { ManifestOf } from '../manifest/base.js';
import { size, withoutEval, z } from '../manifest/schema.js';
import { type MostProbable, mostProbable } from '../methods/most-probable.js';
import { checkNumbers, type Float32Tensor, rowsPerCall } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
import { padRows } from '../text/pad.js';
import { tokenRows, tooLong } from '../text/token-rows.js';
import type { Tokeniser } from '../text/tokeniser.js';
import { tokeniser } from '../text/tokenisers.js';
import { UNKNOWN, Vocabulary } from '../text/vocabulary.js';
import { kindOf } from '../typed-array.js';
import { classes, type TokenFacts, tokenFacts } from './facts.js';
import type { Kind } from './kind.js';
import { type ModelContext, ServedModel } from './model.js';

/** Facts for using a classifier of texts. */
export interface TextClassifierServe extends TokenFacts {
  /** The name of each class, in the order of the probabilities. */
  readonly classes: readonly string[];
  /** How many tokens the graph knows: that vocabulary must have as many. */
  readonly vocabularySize: number;
  /** The most tokens of a text. */
  readonly maxLength: number;
  readonly [detail: string]: unknown;
}

type TextClassifierManifest = ManifestOf<'text-classifier', TextClassifierServe>;

export const textClassifier: Kind<'text-classifier', TextClassifierServe, TextClassifierModel> = {
  kind: 'text-classifier',
  serve: withoutEval(() =>
    z.looseObject({
      classes,
      ...tokenFacts,
      vocabularySize: size,
      maxLength: size,
    }),
  ),
  roles: ({ serve: { classes, vocabularySize } }) => ({
    classify: {
      required: true,
      inputs: { tokens: { shape: ['batch', 'length'], dtype: 'int32', below: vocabularySize } },
      outputs: { probabilities: ['batch', classes.length] },
    },
  }),
  create: (context) => new TextClassifierModel(context),
};

/** Classes of n rows of token ids, with their probabilities. */
export interface TokenClassification extends MostProbable {
  /** p(class | text), [n, classes]; each row sums to 1. */
  readonly probabilities: Float32Tensor;
}

/** Classes of n texts, with their probabilities and tokens. */
export interface TextClassification extends TokenClassification {
  /** The tokens of each text. */
  readonly tokens: readonly (readonly string[])[];
  /** The tokens among them that are not in the vocabulary: the model reads each as `<unk>`. */
  readonly unknown: readonly (readonly string[])[];
}

/** About as many floats as the widest inner array has for each token: the channels of a convolution. */
const WIDTH = 128;

/** Advice in the error about a text that is too long. */
const ADVICE = 'classify its sentences one by one';

/** Tells which class a text is of. Texts become tokens as they did in training; the manifest has the vocabulary. */
export class TextClassifierModel extends ServedModel<TextClassifierManifest> {
  readonly kind = 'text-classifier';
  readonly #tokenise: Tokeniser;
  readonly #vocabulary: Vocabulary;

  /** Throws RunFolderError when the manifest's vocabulary is not the one that the graph was made for. */
  constructor(context: ModelContext<TextClassifierManifest>) {
    super(context);
    this.#tokenise = tokeniser(context.manifest.serve.tokeniser);
    this.#vocabulary = vocabularyOf(context);
  }

  /** The classes by name, in the order of the probabilities. */
  get classes(): readonly string[] {
    return this.manifest.serve.classes;
  }

  /**
   * Classifies one text or several.
   *
   * @throws InputError, one line that names the text: empty, longer than training ever saw, or without any known word
   */
  classify(texts: string | readonly string[], options: CallOptions = {}): Promise<TextClassification> {
    return this.call('classify', options, (work) => this.#classify(work, texts));
  }

  async #classify(work: Work, texts: string | readonly string[]): Promise<TextClassification> {
    const list = typeof texts === 'string' ? [texts] : texts;
    if (!Array.isArray(list)) throw new InputError(`texts must be strings, not ${kindOf(list)}`);
    if (list.length === 0) throw new InputError('there is no text to classify: give at least one');
    const tokens = list.map((text: string, index) => this.#tokens(text, index));
    const unknown = tokens.map((row) => this.#vocabulary.unknown(row));
    return {
      ...(await this.#run(
        work,
        tokens.map((row) => this.#vocabulary.encode(row)),
      )),
      tokens,
      unknown,
    };
  }

  /**
   * Classifies rows of token ids, of any lengths. Padding (id 0) at a row's end is no part of it.
   *
   * @throws InputError, one line, when a row is too long or a number is no token's id
   */
  classifyTokens(rows: readonly ArrayLike<number>[], options: CallOptions = {}): Promise<TokenClassification> {
    return this.call('classifyTokens', options, async (work) => {
      const check = { name: 'row', vocabulary: this.#vocabulary, most: this.manifest.serve.maxLength, advice: ADVICE };
      return this.#run(work, tokenRows(rows, check));
    });
  }

  #tokens(text: string, index: number): string[] {
    if (typeof text !== 'string') {
      throw new InputError(`text ${index} must be a string, not a ${typeof text}`, { index });
    }
    const tokens = this.#tokenise(text);
    const name = `text ${index} ('${text.length > 30 ? `${text.slice(0, 30)}...` : text}')`;
    if (tokens.length === 0) throw new InputError(`${name} holds no word: there is nothing to classify`, { index });
    if (!tokens.some((token) => this.#vocabulary.has(token))) {
      const seen = `the ${this.#vocabulary.size} tokens that the model knows`;
      throw new InputError(`${name} holds no word that is among ${seen}: nothing tells its class`, { index });
    }
    const { maxLength } = this.manifest.serve;
    if (tokens.length > maxLength) throw tooLong(name, tokens.length, maxLength, ADVICE);
    return tokens;
  }

  /** Texts of like length run together, so that little is padded. */
  async #run(work: Work, rows: readonly ArrayLike<number>[]): Promise<TokenClassification> {
    const session = this.graph('classify');
    const width = this.classes.length;
    const data = new Float32Array(rows.length * width);
    const order = Array.from(rows.keys()).sort((one, other) => rows[one]!.length - rows[other]!.length);
    for (let from = 0; from < order.length; ) {
      const longest = rows[order[Math.min(from + 255, order.length - 1)]!]!.length;
      const part = order.slice(from, from + Math.min(256, rowsPerCall(session, WIDTH * Math.max(1, longest))));
      const { probabilities } = await work.run(session, { tokens: padRows(part.map((index) => rows[index]!)) });
      part.forEach((index, row) => {
        data.set((probabilities!.data as Float32Array).subarray(row * width, (row + 1) * width), index * width);
      });
      from += part.length;
    }
    checkNumbers('probabilities', data, (at) => `text ${Math.floor(at / width)}`);
    const probabilities = float32(data, [rows.length, width]);
    return { probabilities, ...mostProbable(probabilities) };
  }
}

function vocabularyOf({ manifest, location }: ModelContext<TextClassifierManifest>): Vocabulary {
  const { vocabulary, vocabularySize } = manifest.serve;
  const tokens = manifest.vocabularies?.[vocabulary];
  const reason =
    tokens === undefined
      ? `its manifest has no vocabulary '${vocabulary}'`
      : tokens.length !== vocabularySize
        ? `its vocabulary '${vocabulary}' has ${tokens.length} tokens, but the graph was made for ${vocabularySize}`
        : tokens.includes(UNKNOWN)
          ? undefined
          : `its vocabulary '${vocabulary}' has no '${UNKNOWN}' for what it does not know`;
  if (reason === undefined) return new Vocabulary(tokens!);
  throw new RunFolderError('manifest-invalid', `${location}: ${reason}`, { location, vocabulary });
}
