import { logProbabilities, type ServeOf } from '@onnx-forge/infer';
import { evaluationBatches } from '../../data/batches.js';
import type { Split } from '../../data/data-set.js';
import type { KeysAndValues } from '../../layers/causal-attention.js';
import type { CausalTransformer } from '../../layers/causal-transformer.js';
import type { Graph, GraphRunner, Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';

export interface LanguageModelOptions {
  readonly transformer: CausalTransformer;
  /** Name of its vocabulary in the data set, and how texts become its tokens. */
  readonly vocabulary: string;
  readonly tokeniser: ServeOf<'language-model'>['tokeniser'];
  /** Further graphs, for monitors. */
  readonly graphs?: Readonly<Record<string, Graph>>;
}

/**
 * Serves forward: tokens [batch, length] -> logits [batch, length, vocabulary], keys, values; and step: one more token
 * [batch], keys and values of those before it [layers, batch, heads, seen, headDim] -> logits [batch, vocabulary] and
 * keys and values with one position more. Validation needs the field `tokens`, blockSize + 1 of them.
 */
export function languageModel(options: LanguageModelOptions): Served<'language-model'> {
  const { transformer, vocabulary, tokeniser, graphs = {} } = options;
  const { layers, heads, width, blockSize, vocabularySize } = transformer.options;
  const headDim = width / heads;
  const facts = { vocabulary, tokeniser, blockSize, layers, heads, headDim };
  const vocabularies = { [vocabulary]: { length: vocabularySize } };
  const own = graphsOf(
    'language-model',
    { serve: facts, vocabularies },
    {
      forward({ tokens }: Tensors<'tokens'>) {
        const [batch, length] = tokens.shape as [number, number];
        const { logits, keys, values } = transformer.predict(tokens);
        return { logits: logits.reshape([batch, length, vocabularySize]), keys, values };
      },
      step(inputs: Tensors<'token' | 'keys' | 'values'>) {
        const past: KeysAndValues = { keys: inputs.keys, values: inputs.values };
        const { logits, keys, values } = transformer.step(inputs.token, past);
        return { logits, nextKeys: keys, nextValues: values };
      },
    },
  );
  return {
    kind: 'language-model',
    facts,
    graphs: { ...own, ...graphs },
    validate: (runner, split) => validation(runner, split, blockSize),
  };
}

/** Cross-entropy in nats per token, over every window of the split, summed in float64. */
async function validation(graphs: GraphRunner, split: Split, length: number): Promise<{ crossEntropy: number }> {
  let sum = 0;
  for (const { size, fields } of evaluationBatches(split, { batchSize: 64, fields: ['tokens'] })) {
    const windows = fields.tokens as Int32Array;
    const [tokens, next] = [new Int32Array(size * length), new Int32Array(size * length)];
    for (let row = 0; row < size; row++) {
      const window = windows.subarray(row * (length + 1), (row + 1) * (length + 1));
      tokens.set(window.subarray(0, length), row * length);
      next.set(window.subarray(1), row * length);
    }
    const { logits } = await graphs.run('forward', { tokens: { type: 'int32', dims: [size, length], data: tokens } });
    for (const value of logProbabilities(logits!.data as Float32Array, next)) sum -= value;
  }
  return { crossEntropy: sum / (split.size * length) };
}
