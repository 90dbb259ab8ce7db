/** One recipe with one of its sizes varied. */
export interface Series {
  readonly recipe: string;
  /** `batch`, `width`, `depth` or `data`. */
  readonly quantity: Quantity;
  /** The option of the recipe that is varied; absent for data, whose size is no option. */
  readonly option?: string;
  readonly values: readonly number[];
}

export type Quantity = 'batch' | 'width' | 'depth' | 'data';

/** Dense layers, convolutions, attention; each size over a factor of at least 8. */
export const SERIES: readonly Series[] = [
  { recipe: 'vae-mlp', quantity: 'batch', option: 'batchSize', values: [16, 64, 256, 1024] },
  { recipe: 'vae-mlp', quantity: 'width', option: 'hiddenDim', values: [200, 400, 800, 1600] },
  { recipe: 'vae-mlp', quantity: 'data', values: [4_000, 16_000, 64_000] },
  { recipe: 'classifier', quantity: 'batch', option: 'batchSize', values: [16, 64, 256, 512] },
  { recipe: 'transformer', quantity: 'batch', option: 'batchSize', values: [3, 6, 12, 24, 48] },
  { recipe: 'transformer', quantity: 'width', option: 'width', values: [64, 128, 256, 512] },
  { recipe: 'transformer', quantity: 'depth', option: 'layers', values: [1, 2, 4, 8, 16] },
];
