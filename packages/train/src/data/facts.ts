import type { Vocabularies } from './data-set.js';

/** What networks depend on that is the data's to say. */
export interface DataFacts {
  readonly vocabularies: Vocabularies;
}

/** Of a data set, or of a run's manifest. */
export function dataFacts({ vocabularies = {} }: { readonly vocabularies?: Vocabularies | undefined }): DataFacts {
  return { vocabularies };
}
