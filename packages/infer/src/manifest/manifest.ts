import type { ImageEntry, ManifestBase } from './base.js';

/** Facts for using a model with a latent space, beside its graphs. */
export interface LatentServe {
  readonly latentDim: number;
  /** Of each latent dimension: N(0, 1), or uniform in [-1, 1]. */
  readonly prior: 'normal' | 'uniform';
  readonly image: ImageEntry;
  /** p(x|z), for the kinds that have one. */
  readonly likelihood?: string | undefined;
  readonly [detail: string]: unknown;
}

/** Facts for using a latent-variable model that is given a class. */
export interface ConditionalServe extends LatentServe {
  /** The name of each class, in the order of their numbers. */
  readonly classes: readonly string[];
}

/** Facts for using a classifier of images. */
export interface ClassifierServe {
  /** The name of each class, in the order of the probabilities. */
  readonly classes: readonly string[];
  /** Length of a feature vector. */
  readonly featureDim: number;
  readonly image: ImageEntry;
  readonly [detail: string]: unknown;
}

/** Facts for using a model that maps images to vectors. */
export interface EmbeddingServe {
  /** Length of a vector. */
  readonly embeddingDim: number;
  readonly image: ImageEntry;
  /** How two vectors are compared. */
  readonly metric: 'euclidean' | 'cosine';
  /** Pairs at most this far apart are taken for the same; chosen on the validation split. */
  readonly threshold?: number | undefined;
  readonly [detail: string]: unknown;
}

/** Facts for using a model that predicts the next token of a text. */
export interface LanguageModelServe {
  /** Which of the manifest's vocabularies it speaks. */
  readonly vocabulary: string;
  /** How a text becomes tokens: see `tokeniser`. */
  readonly tokeniser: string;
  /** The most tokens that it sees. */
  readonly blockSize: number;
  /** Sizes of the keys and values that its graphs keep. */
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly [detail: string]: unknown;
}

/** Facts for using a classifier of texts. */
export interface TextClassifierServe {
  /** The name of each class, in the order of the probabilities. */
  readonly classes: readonly string[];
  /** How a text becomes tokens: see `tokeniser`. */
  readonly tokeniser: string;
  /** Which of the manifest's vocabularies it speaks. */
  readonly vocabulary: string;
  /** How many tokens the graph knows: that vocabulary must have as many. */
  readonly vocabularySize: number;
  /** The most tokens of a text. */
  readonly maxLength: number;
  readonly [detail: string]: unknown;
}

/** Facts for using a model that translates sentences. */
export interface TranslatorServe {
  /** How a sentence becomes tokens: see `tokeniser`. */
  readonly tokeniser: string;
  /** Tokens of a source that the graphs read, marks counted; shorter ones are padded. */
  readonly sourceLength: number;
  /** The marks around a source. */
  readonly sourceMarks: { readonly start: boolean; readonly end: boolean };
  /** Tokens of a translation at most, the end mark counted. */
  readonly maxLength: number;
  /** Whether translations end by a mark; without one they all have `maxLength` tokens. */
  readonly end: boolean;
  /** Length of the encoder's vectors. */
  readonly units: number;
  /** Whether the model looks back at the source, and so has attention to show. */
  readonly attention: boolean;
  /** Tokens of the vocabularies `source` and `target` that the graphs were made for. */
  readonly vocabularySizes: { readonly source: number; readonly target: number };
  readonly [detail: string]: unknown;
}

/** Content of a run's manifest.json. `kind` decides the methods of the model that `load` returns. */
export type Manifest =
  | (ManifestBase & { readonly kind: 'latent'; readonly serve: LatentServe })
  | (ManifestBase & { readonly kind: 'generator'; readonly serve: LatentServe })
  | (ManifestBase & { readonly kind: 'conditional'; readonly serve: ConditionalServe })
  | (ManifestBase & { readonly kind: 'classifier'; readonly serve: ClassifierServe })
  | (ManifestBase & { readonly kind: 'text-classifier'; readonly serve: TextClassifierServe })
  | (ManifestBase & { readonly kind: 'language-model'; readonly serve: LanguageModelServe })
  | (ManifestBase & { readonly kind: 'translator'; readonly serve: TranslatorServe })
  | (ManifestBase & { readonly kind: 'embedding'; readonly serve: EmbeddingServe });
