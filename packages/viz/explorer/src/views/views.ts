import type { Model, ModelKind } from '@onnx-forge/infer';
import type { ComponentType } from 'preact';
import { ClassStripView } from './class-strip.js';
import { ClassifyView } from './classify.js';
import { CompareView } from './compare.js';
import { GenerateTextView } from './generate-text.js';
import { InterpolationView } from './interpolation.js';
import { LatentMapView } from './latent-map.js';
import { LikelihoodView } from './likelihood.js';
import { SamplesView } from './samples.js';
import { SentimentView } from './sentiment.js';
import { SlidersView } from './sliders.js';
import { TrainView } from './train.js';
import { TranslateView } from './translate.js';
import type { View, ViewProps } from './view.js';

/** A view gets only models of the kinds that list it. */
const view = (title: string, component: unknown): View => ({ title, component: component as ComponentType<ViewProps> });

const map = view('Map', LatentMapView);
const sliders = view('Dimensions', SlidersView);
const samples = view('Samples', SamplesView);
const interpolation = view('Interpolation', InterpolationView);

/** Needs a run that was written with its training step. */
const train: View = { ...view('Train', TrainView), suits: ({ manifest }) => manifest.training !== undefined };

/** Whether the page has views of a kind of model: infer's own kinds. */
export function hasViews(kind: string): kind is ModelKind {
  return Object.hasOwn(VIEWS, kind);
}

/** The tabs of a model. */
export function viewsOf(model: Model): readonly View[] {
  return VIEWS[model.kind].filter(({ suits }) => suits?.(model) ?? true);
}

const VIEWS: Readonly<Record<ModelKind, readonly View[]>> = {
  latent: [map, sliders, interpolation, samples, view('Likelihood', LikelihoodView), train],
  conditional: [view('Classes', ClassStripView), map, sliders, samples],
  generator: [samples, sliders, interpolation],
  classifier: [view('Read', ClassifyView)],
  embedding: [view('Compare', CompareView)],
  'text-classifier': [view('Sentence', SentimentView)],
  translator: [view('Translate', TranslateView)],
  'language-model': [view('Write', GenerateTextView)],
};
