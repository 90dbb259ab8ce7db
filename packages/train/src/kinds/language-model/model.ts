import type { tf } from '@onnx-forge/export';
import type { KeysAndValues } from '../../layers/causal-attention.js';
import type { CausalTransformer } from '../../layers/causal-transformer.js';
import type { ServeFacts } from '../../model-kinds.js';
import { type Graph, graph } from '../graph.js';
import type { Served } from '../served.js';
import { languageModelValidation } from './measures/text-likelihood.js';

export interface LanguageModelOptions {
  readonly transformer: CausalTransformer;
  /** Name of its vocabulary in the data set, and how texts become its tokens. */
  readonly vocabulary: string;
  readonly tokeniser: ServeFacts<'language-model'>['tokeniser'];
  /** Further graphs, for measures: `model.run` runs them. */
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
  const token = { dtype: 'int32', below: vocabularySize } as const;
  const kept = [layers, 'batch', heads, 'seen', headDim];
  return {
    kind: 'language-model',
    facts: { vocabulary, tokeniser, blockSize, layers, heads, headDim },
    graphs: {
      forward: graph({ tokens: { ...token, shape: ['batch', 'length'] } }, ({ tokens }) => {
        const [batch, length] = tokens.shape as [number, number];
        const { logits, keys, values } = transformer.predict(tokens);
        return { logits: logits.reshape([batch, length, vocabularySize]), keys, values };
      }),
      step: graph({ token: { ...token, shape: ['batch'] }, keys: kept, values: kept }, (inputs) => {
        const past: KeysAndValues = { keys: inputs.keys as tf.Tensor, values: inputs.values as tf.Tensor };
        const { logits, keys, values } = transformer.step(inputs.token as tf.Tensor, past);
        return { logits, nextKeys: keys, nextValues: values };
      }),
      ...graphs,
    },
    validation: languageModelValidation,
  };
}
