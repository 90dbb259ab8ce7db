/**
 * Rewrites of onnxruntime's that fit no training step, by its names for them: a step has float32 numbers, no operator of a
 * quantised model and no Dropout, and its weights are inputs, where the fusions of whole attention and embedding blocks ask for
 * constants. Each of them goes through all nodes, some of them twice.
 */
export const UNFIT_REWRITES: readonly string[] = [
  'AttentionFusion',
  'BiasDropoutFusion',
  'BiasSkipLayerNormFusion',
  'DoubleQDQPairsRemover',
  'DynamicQuantizeMatMulFusion',
  'EmbedLayerNormFusion',
  'EnsureUniqueDQForNodeUnit',
  'FuseFp16InitializerToFp32NodeTransformer',
  'GroupQueryAttentionFusion',
  'GroupQueryAttentionPreNormFusion',
  'MatMulIntegerToFloatFusion',
  'MatMulNBitsFusion',
  'QDQFinalCleanupTransformer',
  'QDQPropagationTransformer',
  'QDQS8ToU8Transformer',
  'QDQSelectorActionTransformer',
  'WeightBiasQuantization',
  'WhereDummyDq',
];
