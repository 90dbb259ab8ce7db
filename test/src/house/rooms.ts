/** The packages whose folders these tests look at. */
export type PackageName = 'infer' | 'export' | 'train' | 'viz';

/**
 * The rooms of each package, from the ground up: a room imports only rooms that stand before it. A file of `src` itself is a
 * room of its own name. The one exception is no relative import and so not seen here: `device` imports `#platform`, and
 * `platform` the drivers of `device`.
 */
export const ROOMS: Readonly<Record<PackageName, readonly string[]>> = {
  infer: [
    ...['errors', 'pause', 'typed-array', 'value-rule', 'node-files', 'random', 'version'],
    ...[
      'options',
      'arrays',
      'device',
      'manifest',
      'coding',
      'methods',
      'text',
      'kinds',
      'source',
      'platform',
      'run',
      'training',
    ],
    'index',
  ],
  export: [
    ...['tfjs', 'place', 'errors'],
    ...[
      'graph',
      'onnx',
      'idioms',
      'lower',
      'simplify',
      'device-dialect',
      'forms',
      'record',
      'backend',
      'export',
      'import',
      'sources',
      'step',
      'node',
    ],
    ...['kernel-operators', 'support-table', 'index'],
  ],
  train: [
    ...['errors', 'tfjs-backend', 'nesting', 'unwritable'],
    ...[
      'suggest',
      'data',
      'layers',
      'options',
      'metrics',
      'figures',
      'objectives',
      'measures',
      'kinds',
      'recipe',
      'finetune',
      'engine',
    ],
    ...['run', 'trainer', 'actions', 'launch', 'sweep', 'shards', 'conformance', 'explore', 'serve', 'cli'],
    'compat',
    'index',
  ],
  viz: [
    ...['errors', 'check', 'png', 'rasterise', 'chart', 'grid-layout', 'grid-text', 'grid', 'text-page', 'explorer'],
    ...['runs', 'index'],
  ],
};

/** Imports that break a rule today. The list only shrinks: an entry that breaks none any more fails the test. */
export interface Offenders {
  /** `FILE -> FILE`, where the second one's room stands after the first one's. */
  readonly upwards: readonly string[];
  /** `FILE -> FILE` of each import that is part of a cycle. */
  readonly cycles: readonly string[];
}
