import type { Tensor } from '../arrays/tensor.js';
import { beamSearch, type SearchOptions, type Sequence, type StepDecoder, type StepOutput } from './beam-search.js';
import { ensembleSteps } from './ensemble-steps.js';

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
  return translateTogether([{ run, attention }], source, search);
}

/** {@link translateTokens} by several models of the same vocabularies: see `ensembleSteps`. */
export async function translateTogether(
  members: readonly { readonly run: GraphCalls; readonly attention: boolean }[],
  source: Tensor,
  search: SearchOptions,
): Promise<Sequence[]> {
  const steps: TranslationSteps[] = [];
  for (const { run, attention } of members) steps.push(await TranslationSteps.begin(run, source, attention));
  return beamSearch(ensembleSteps(steps), source.dims[0]!, search);
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
