import type { Tensor } from '../arrays/tensor.js';
import type { RunnableGraph } from '../device/types.js';
import { InputError } from '../errors.js';
import type { ManifestOf } from '../manifest/base.js';
import { size, withoutEval, z } from '../manifest/schema.js';
import { continuation, drawsInGraph } from '../methods/continuation-graph.js';
import { MeanAndError } from '../methods/importance.js';
import { checkDraw, type DrawOptions, drawToken, LARGEST_TOP_K, logProbabilities } from '../methods/next-token.js';
import { checkNumbers, rowsPerCall } from '../methods/rows.js';
import type { CallOptions, Work, WorkOptions } from '../methods/work.js';
import { Random } from '../random.js';
import { tokenRows } from '../text/token-rows.js';
import { tokeniser } from '../text/tokenisers.js';
import { Vocabulary } from '../text/vocabulary.js';
import { COUNT, checked } from '../value-rule.js';
import { type TokenFacts, tokenFacts } from './facts.js';
import type { Kind } from './kind.js';
import { type ModelContext, ServedModel } from './model.js';

/** Facts for using a model that predicts the next token of a text. */
export interface LanguageModelServe extends TokenFacts {
  /** The most tokens that it sees. */
  readonly blockSize: number;
  /** Sizes of the keys and values that its graphs keep. */
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly [detail: string]: unknown;
}

type LanguageModelManifest = ManifestOf<'language-model', LanguageModelServe>;

export const languageModel: Kind<'language-model', LanguageModelServe, LanguageModel> = {
  kind: 'language-model',
  serve: withoutEval(() =>
    z.looseObject({
      ...tokenFacts,
      blockSize: size,
      layers: size,
      heads: size,
      headDim: size,
    }),
  ),
  roles({ serve: { layers, heads, headDim, blockSize, vocabulary }, vocabularies }) {
    const below = vocabularies?.[vocabulary]?.length ?? 0;
    /** Keys or values of so many positions. */
    const kept = (positions: string) => [layers, 'batch', heads, positions, headDim];
    return {
      forward: {
        required: true,
        inputs: { tokens: { shape: ['batch', 'length'], dtype: 'int32', below } },
        outputs: { logits: ['batch', 'length', below], keys: kept('length'), values: kept('length') },
      },
      step: {
        required: true,
        inputs: { token: { shape: ['batch'], dtype: 'int32', below }, keys: kept('seen'), values: kept('seen') },
        outputs: { logits: ['batch', below], nextKeys: kept('seen + 1'), nextValues: kept('seen + 1') },
      },
      generate: {
        inputs: {
          tokens: { shape: [1, 'length'], dtype: 'int32', below },
          uniforms: [1, blockSize],
          steps: { shape: [], dtype: 'int32', below: blockSize + 1 },
          temperature: [],
          topK: { shape: [], dtype: 'int32', below: Math.min(below, LARGEST_TOP_K) + 1 },
        },
        outputs: { continuation: { shape: [1, blockSize], dtype: 'int32' } },
      },
    };
  },
  create: (context) => new LanguageModel(context),
};

export interface GenerateOptions extends DrawOptions, CallOptions {
  /** How many tokens to add. Default 300. */
  readonly length?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/** `generate(prompt)` when all is there; `generate.stream(prompt)` token by token. */
export interface GenerateMethod {
  /** The continuation, without the prompt. */
  (prompt: string, options?: GenerateOptions): Promise<string>;
  stream(prompt: string, options?: GenerateOptions): AsyncGenerator<string, void, undefined>;
}

/** How likely a text is, token by token. */
export interface TextLogProbability {
  /** Mean of `values`: nats per token. Its negative is the cross-entropy. */
  readonly mean: number;
  /** Of the mean, over windows (tokens of one window depend on each other); NaN for a single window. */
  readonly standardError: number;
  /** log p(token | those before it in its window), in nats, of every token but the first, which has nothing before it. */
  readonly values: Float64Array;
}

/** Keys and values of the positions read so far, and the logits of the next token. */
interface State {
  readonly positions: number;
  readonly logits: ArrayLike<number>;
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** Predicts the next token of a text; with characters as tokens, it writes one letter after another. */
export class LanguageModel extends ServedModel<LanguageModelManifest> {
  readonly kind = 'language-model';

  /**
   * Goes on from a prompt. The model sees at most `blockSize` tokens: of a longer prompt the last ones, and when these
   * are full, it goes on from the last half of them. The same seed gives the same text.
   */
  readonly generate: GenerateMethod;

  readonly #vocabulary: Vocabulary;
  readonly #tokens: (text: string) => readonly string[];

  constructor(context: ModelContext<LanguageModelManifest>) {
    super(context);
    const { vocabularies, serve } = context.manifest;
    this.#vocabulary = new Vocabulary(vocabularies?.[serve.vocabulary] ?? []);
    this.#tokens = tokeniser(serve.tokeniser);
    const all = (prompt: string, options: GenerateOptions = {}): Promise<string> =>
      this.call('generate', options, async (work) => {
        const tokens = await this.#continuation(work, prompt, options);
        if (tokens !== undefined) return tokens.join('');
        let text = '';
        for await (const token of this.#generate(work, prompt, options)) text += token;
        return text;
      });
    this.generate = Object.assign(all, {
      stream: (prompt: string, options: GenerateOptions = {}) =>
        this.parts('generate', options, (work) => this.#generate(work, prompt, options)),
    });
  }

  /**
   * log p of a text. It is read in windows of `blockSize` tokens that follow one another: a token sees those before it
   * in its window, from 1 to `blockSize` of them.
   */
  logProb(text: string, options: WorkOptions = {}): Promise<TextLogProbability> {
    return this.call('logProb', options, (work) => this.#logProb(work, text, options));
  }

  /**
   * log p of windows of token ids: of every token given those before it in its window, but the first, which has nothing
   * before it. `values` has them window by window; the standard error is over windows.
   *
   * @param windows of 2 to `blockSize` + 1 tokens each
   * @throws InputError when a window is too short or too long, or a number is no token's id
   */
  logProbTokens(windows: readonly ArrayLike<number>[], options: WorkOptions = {}): Promise<TextLogProbability> {
    return this.call('logProbTokens', options, async (work) => {
      const check = { name: 'window', vocabulary: this.#vocabulary, least: 2, most: this.manifest.serve.blockSize + 1 };
      return this.#logProbTokens(work, tokenRows(windows, check), options);
    });
  }

  async #logProb(work: Work, text: string, options: WorkOptions): Promise<TextLogProbability> {
    const tokens = this.#encode('text', text);
    const total = tokens.length - 1;
    if (total < 1) throw new InputError('a text needs two tokens at least: the first has nothing that it follows from');
    const { blockSize } = this.manifest.serve;
    const windows: number[][] = [];
    for (let start = 0; start < total; start += blockSize) {
      windows.push(Array.from(tokens.subarray(start, start + blockSize + 1)));
    }
    return this.#logProbTokens(work, windows, options);
  }

  /** Windows that follow one another run together as long as they have the same length. */
  async #logProbTokens(
    work: Work,
    windows: readonly (readonly number[])[],
    { onProgress }: WorkOptions,
  ): Promise<TextLogProbability> {
    const session = this.graph('forward');
    const perCall = rowsPerCall(session, 64 * this.manifest.serve.blockSize);
    const total = windows.reduce((sum, { length }) => sum + length - 1, 0);
    const values = new Float64Array(total);
    let done = 0;
    for (let from = 0; from < windows.length; ) {
      const { length } = windows[from]!;
      const other = windows.findIndex((window, index) => index > from && window.length !== length);
      const part = windows.slice(from, Math.min(from + perCall, other < 0 ? windows.length : other));
      const join = (start: number, end: number) => part.flatMap((window) => window.slice(start, end));
      const { logits } = await work.run(session, { tokens: int32(join(0, length - 1), [part.length, length - 1]) });
      const found = logProbabilities(logits!.data as Float32Array, join(1, length));
      checkNumbers('log p', found, (at) => `window ${from + Math.floor(at / (length - 1))}`);
      values.set(found, done);
      done += found.length;
      from += part.length;
      await onProgress?.({ done, total });
    }
    return { ...summary(values, windows), values };
  }

  /** The tokens of {@link #generate}, drawn a block in a call; undefined for a run that has no graph for it. */
  async #continuation(work: Work, prompt: string, options: GenerateOptions): Promise<string[] | undefined> {
    const whole = this.optionalGraph('generate');
    const draw = checkDraw(options);
    const { size } = this.#vocabulary;
    if (whole === undefined || !drawsInGraph(draw, size)) return undefined;
    const tokens = await continuation((feeds) => work.run(whole, feeds), this.#seen(prompt), {
      length: checked('length', options.length ?? 300, COUNT),
      draw,
      random: new Random(options.seed ?? 1),
      blockSize: this.manifest.serve.blockSize,
      vocabularySize: size,
    });
    return this.#vocabulary.decode(tokens);
  }

  /** Never more than the model may see: the last `blockSize` tokens. */
  #seen(prompt: string): number[] {
    return Array.from(this.#encode('prompt', prompt).slice(-this.manifest.serve.blockSize));
  }

  async *#generate(work: Work, prompt: string, options: GenerateOptions): AsyncGenerator<string, void, undefined> {
    const draw = checkDraw(options);
    const length = checked('length', options.length ?? 300, COUNT);
    const random = new Random(options.seed ?? 1);
    const { blockSize } = this.manifest.serve;
    const step = this.graph('step');
    let seen = this.#seen(prompt);
    let state = await this.#read(work, seen);
    for (let made = 0; made < length; made++) {
      const token = drawToken(state.logits, draw, random);
      yield this.#vocabulary.token(token);
      if (made === length - 1) return;
      if (state.positions < blockSize) {
        seen.push(token);
        state = await extend(work, step, token, state);
      } else {
        seen = [...seen.slice(1 - Math.ceil(blockSize / 2)), token];
        state = await this.#read(work, seen);
      }
    }
  }

  /** Reads tokens that nothing comes before. */
  async #read(work: Work, tokens: readonly number[]): Promise<State> {
    const feeds = { tokens: int32(tokens, [1, tokens.length]) };
    const { logits, keys, values } = await work.run(this.graph('forward'), feeds);
    const { data } = logits!;
    const last = (data as Float32Array).subarray(data.length - this.#vocabulary.size);
    return { positions: tokens.length, logits: last, keys: keys!, values: values! };
  }

  /** @throws InputError when the text is empty or has a token that the vocabulary has not */
  #encode(name: string, text: string): Int32Array {
    if (typeof text !== 'string' || text === '') {
      throw new InputError(`the ${name} is empty: the model goes on from something, one token at least`, { name });
    }
    const tokens = this.#tokens(text);
    const unknown = [...new Set(tokens.filter((token) => !this.#vocabulary.has(token)))];
    if (unknown.length > 0) {
      const shown = unknown.map((token) => JSON.stringify(token)).slice(0, 10);
      const message = `the ${name} has ${shown.join(', ')}${unknown.length > 10 ? ' ...' : ''}, which ${this.location} has never seen`;
      throw new InputError(`${message}; it knows ${this.#known()}`, { name, unknown });
    }
    return Int32Array.from(tokens, (token) => this.#vocabulary.id(token));
  }

  #known(): string {
    const { tokens } = this.#vocabulary;
    return JSON.stringify(tokens.length > 200 ? `${tokens.length} tokens` : tokens.join(''));
  }
}

async function extend(
  work: Work,
  step: RunnableGraph,
  token: number,
  { positions, keys, values }: State,
): Promise<State> {
  const next = await work.run(step, { token: int32([token], [1]), keys, values });
  return {
    positions: positions + 1,
    logits: next.logits!.data as Float32Array,
    keys: next.nextKeys!,
    values: next.nextValues!,
  };
}

function int32(values: ArrayLike<number>, dims: readonly number[]): Tensor {
  return { type: 'int32', dims, data: Int32Array.from(values) };
}

/** The mean over all, and its standard error over windows. */
function summary(
  values: Float64Array,
  windows: readonly (readonly number[])[],
): { mean: number; standardError: number } {
  const all = new MeanAndError();
  for (const value of values) all.add(value);
  const means = new MeanAndError();
  let start = 0;
  for (const { length } of windows) {
    const window = values.subarray(start, start + length - 1);
    means.add(window.reduce((sum, value) => sum + value, 0) / window.length);
    start += length - 1;
  }
  return { mean: all.mean, standardError: means.standardError };
}
