import type { Vocabularies } from './data-set.js';

/** Facts of the data that networks depend on. */
export interface DataFacts {
  readonly vocabularies: Vocabularies;
}

/** Of a data set, or of a run's manifest. */
export function dataFacts({ vocabularies = {} }: { readonly vocabularies?: Vocabularies | undefined }): DataFacts {
  return { vocabularies };
}
