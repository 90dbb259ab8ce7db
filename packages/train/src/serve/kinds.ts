/** The kinds of model that infer knows; a kind decides the graphs a run must have and the methods it gets. */
export type ModelKind = 'latent' | 'generator';

/** Shape and range of the images that a model makes. */
export interface ImageFacts {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Values of black and white. */
  readonly range: readonly [low: number, high: number];
}

/** What the manifest tells infer, by kind. */
export interface ServeFacts {
  readonly latent: {
    readonly latentDim: number;
    readonly prior: 'normal';
    readonly image: ImageFacts;
    readonly likelihood: 'bernoulli';
    readonly bernoulliLogits: true;
  };
  readonly generator: {
    readonly latentDim: number;
    readonly prior: 'normal' | 'uniform';
    readonly image: ImageFacts;
  };
}
