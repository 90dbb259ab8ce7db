import type { OfferedRun } from '../state/offer.js';

/** A page of a run: its last part of the address, and its title. */
export interface Page {
  readonly slug: string;
  readonly title: string;
}

const page = (title: string): Page => ({ slug: title.toLowerCase(), title });

const [map, dimensions, interpolation, walk, samples] = [
  page('Map'),
  page('Dimensions'),
  page('Interpolation'),
  page('Walk'),
  page('Samples'),
] as const;

/** Pages on which a model is used, by its kind. The components are in `bench/views.ts`. */
const BENCHES: Readonly<Record<string, readonly Page[]>> = {
  latent: [map, dimensions, interpolation, walk, samples, page('Likelihood'), page('Train')],
  conditional: [page('Classes'), map, dimensions, walk, samples],
  generator: [samples, dimensions, interpolation, walk],
  classifier: [page('Read')],
  embedding: [page('Neighbours'), page('Compare'), page('Verification')],
  'text-classifier': [page('Sentence')],
  translator: [page('Translate')],
  'language-model': [page('Write'), page('Probabilities')],
};

/** Pages on which the run's model is used; none for kinds that the page has no views of, or while there is no model. */
export function benchPages({ kind = '', trainable = false }: OfferedRun): readonly Page[] {
  const pages = Object.hasOwn(BENCHES, kind) ? BENCHES[kind]! : [];
  return pages.filter(({ slug }) => slug !== 'train' || trainable);
}

/** Pages on what is known of a run. */
export function factPages({ kind, log, figures }: OfferedRun): readonly Page[] {
  const isWhole = kind !== undefined;
  return [
    ...(log === undefined ? [] : [page('Curves')]),
    page('Numbers'),
    ...(figures.length > 0 ? [page('Figures')] : []),
    ...(isWhole ? [page('Graphs'), page('Manifest')] : []),
  ];
}
