import type { ServeOf } from '@onnx-forge/infer';
import type { KeysAndValues } from '../../layers/causal-attention.js';
import type { CausalTransformer } from '../../layers/causal-transformer.js';
import type { Graph, Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';
import { continuation } from './continuation.js';
import { languageModelValidation } from './measures/text-likelihood.js';

export interface LanguageModelOptions {
  readonly transformer: CausalTransformer;
  /** Name of its vocabulary in the data set, and how texts become its tokens. */
  readonly vocabulary: string;
  readonly tokeniser: ServeOf<'language-model'>['tokeniser'];
  /** Further graphs, for measures: `model.run` runs them. */
  readonly graphs?: Readonly<Record<string, Graph>>;
}

/**
 * Serves forward: tokens [batch, length] -> logits [batch, length, vocabulary], keys, values; and step: one more token
 * [batch], keys and values of those before it [layers, batch, heads, seen, headDim] -> logits [batch, vocabulary] and
 * keys and values with one position more; and generate, a loop of such steps that draws the tokens. Validation needs the field `tokens`, blockSize + 1 of them.
 */
export function languageModel(options: LanguageModelOptions): Served<'language-model'> {
  const { transformer, vocabulary, tokeniser, graphs = {} } = options;
  const { layers, heads, width, blockSize, vocabularySize } = transformer.options;
  const headDim = width / heads;
  const serve = { vocabulary, tokeniser, blockSize, layers, heads, headDim };
  const vocabularies = { [vocabulary]: { length: vocabularySize } };
  const own = graphsOf(
    'language-model',
    { serve, vocabularies },
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
      generate: continuation(transformer),
    },
  );
  return {
    kind: 'language-model',
    serve,
    graphs: { ...own, ...graphs },
    validation: languageModelValidation,
  };
}
