import type { ComponentType } from 'preact';
import { ClassStripView } from './class-strip.js';
import { ClassifyView } from './classify.js';
import { CompareView } from './compare.js';
import { GenerateTextView } from './generate-text.js';
import { InterpolationView } from './interpolation.js';
import { LatentMapView } from './latent-map.js';
import { LikelihoodView } from './likelihood.js';
import { NeighboursView } from './neighbours.js';
import { ProbabilitiesView } from './probabilities.js';
import { SamplesView } from './samples.js';
import { SentimentView } from './sentiment.js';
import { SlidersView } from './sliders.js';
import { TrainView } from './train.js';
import { TranslateView } from './translate.js';
import { VerificationView } from './verification.js';
import type { ViewProps } from './view.js';
import { WalkView } from './walk.js';

/** By the last part of the page's address. A view gets only models of the kinds that list it in `run/pages.ts`. */
const VIEWS: Readonly<Record<string, unknown>> = {
  classes: ClassStripView,
  compare: CompareView,
  dimensions: SlidersView,
  interpolation: InterpolationView,
  likelihood: LikelihoodView,
  map: LatentMapView,
  neighbours: NeighboursView,
  probabilities: ProbabilitiesView,
  read: ClassifyView,
  samples: SamplesView,
  sentence: SentimentView,
  train: TrainView,
  translate: TranslateView,
  verification: VerificationView,
  walk: WalkView,
  write: GenerateTextView,
};

export function viewOf(slug: string): ComponentType<ViewProps> {
  return VIEWS[slug] as ComponentType<ViewProps>;
}
