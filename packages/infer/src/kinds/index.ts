import { InputError } from '../errors.js';
import type { ManifestOf } from '../manifest/base.js';
import { type ClassifierModel, type ClassifierServe, classifier } from './classifier.js';
import { type ConditionalModel, type ConditionalServe, conditional } from './conditional.js';
import { type EmbeddingModel, type EmbeddingServe, embedding } from './embedding.js';
import { type GeneratorModel, generator } from './generator.js';
import type { AnyKind, Kind, ModelOfKind } from './kind.js';
import { type LanguageModel, type LanguageModelServe, languageModel } from './language-model.js';
import { type LatentModel, latent } from './latent.js';
import type { LatentServe } from './latent-variable.js';
import type { ServedModel } from './model.js';
import { type TextClassifierModel, type TextClassifierServe, textClassifier } from './text-classifier.js';
import { type TranslatorModel, type TranslatorServe, translator } from './translator.js';

/** The kinds of model that infer knows, with the facts in the manifest and the model of each. */
export interface Kinds {
  readonly latent: { readonly serve: LatentServe; readonly model: LatentModel };
  readonly generator: { readonly serve: LatentServe; readonly model: GeneratorModel };
  readonly conditional: { readonly serve: ConditionalServe; readonly model: ConditionalModel };
  readonly classifier: { readonly serve: ClassifierServe; readonly model: ClassifierModel };
  readonly 'text-classifier': { readonly serve: TextClassifierServe; readonly model: TextClassifierModel };
  readonly embedding: { readonly serve: EmbeddingServe; readonly model: EmbeddingModel };
  readonly translator: { readonly serve: TranslatorServe; readonly model: TranslatorModel };
  readonly 'language-model': { readonly serve: LanguageModelServe; readonly model: LanguageModel };
}

export type ModelKind = keyof Kinds;

/** The same kinds as objects: the compiler asks for each of {@link Kinds}, of its types. */
export const KINDS: { readonly [K in ModelKind]: Kind<K, Kinds[K]['serve'], Kinds[K]['model']> } = {
  latent,
  generator,
  conditional,
  classifier,
  'text-classifier': textClassifier,
  embedding,
  translator,
  'language-model': languageModel,
};

/** The model of each kind. */
export type Models = { readonly [K in ModelKind]: Kinds[K]['model'] };

/** Any loaded model; `kind` tells which. */
export type Model = Models[ModelKind];

/** Content of a run's manifest.json. `kind` decides the methods of the model that `load` returns. */
export type Manifest = { [K in ModelKind]: ManifestOf<K, Kinds[K]['serve']> }[ModelKind];

/** One of infer's kinds by its name, or a kind of one's own. */
export type KindReference = ModelKind | AnyKind;

/** The loaded run of a kind. */
export type ModelOf<K extends KindReference = ModelKind> = K extends ModelKind
  ? Models[K]
  : K extends AnyKind
    ? ModelOfKind<K>
    : never;

/** Facts in the manifest that a kind's model needs beside its graphs. */
export type ServeOf<K extends KindReference = ModelKind> = K extends ModelKind
  ? { readonly [Name in ModelKind]: Kinds[Name]['serve'] }[K]
  : K extends Kind<string, infer Serve, ServedModel>
    ? Serve
    : never;

/** The kinds that make data from latent vectors: they sample, interpolate and perturb. */
export type GenerativeKind = 'latent' | 'conditional' | 'generator';

/** A model that makes data from latent vectors. */
export type GenerativeModel = Models[GenerativeKind];

const GENERATIVE: readonly ModelKind[] = ['latent', 'conditional', 'generator'] satisfies GenerativeKind[];

/** Throws InputError unless the model has a latent space; `what` names what was to be done. */
export function requireGenerative(model: Model, what: string): asserts model is GenerativeModel {
  if (GENERATIVE.includes(model.kind)) return;
  const { location, kind } = model;
  throw new InputError(`${location} is of kind ${kind}: it has no latent space to ${what}`, { location, kind });
}
