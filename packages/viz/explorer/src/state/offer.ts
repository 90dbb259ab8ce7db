import type { AnyManifest, RunSource } from '@onnx-forge/infer';
import type { ListedRun } from '@onnx-forge/viz/runs';
import { createContext } from 'preact';

/** A picture of a run's `figures` folder. */
export interface RunFigure {
  readonly name: string;
  readonly url: string;
}

/** A run that the page offers. */
export interface OfferedRun extends ListedRun {
  /** Its folder's URL, relative to the page; or the dropped files themselves. */
  readonly location: string | RunSource;
  /** URL of its log. */
  readonly log?: string;
  /** URL of some examples of its test split. */
  readonly examples?: string;
  readonly figures: readonly RunFigure[];
  /** When its model was written; ISO 8601. */
  readonly created?: string;
  /** It was written with its training step. */
  readonly trainable?: boolean;
  readonly error?: { readonly message: string };
}

/** Content of `runs.json`. */
export interface Offer {
  readonly title: string;
  /** There is a server that tells of changes. */
  readonly live: boolean;
  readonly runs: readonly OfferedRun[];
}

/** Of a page without runs. */
export const NOTHING: Offer = { title: '', live: false, runs: [] };

/** All runs, for parts of the page that look for another one. */
export const OfferContext = createContext(NOTHING);

/** A run that the page was given, of which there is nothing but its manifest. */
export function runOfManifest(
  name: string,
  location: string | RunSource,
  manifest: AnyManifest,
  figures: readonly RunFigure[] = [],
): OfferedRun {
  const { model, kind, data, options, seed, engine, device, steps, epochs, created, metrics, training } = manifest;
  return {
    ...{ name, location, figures, kind, options, seed, engine, device, steps, epochs },
    ...{ state: 'finished', recipe: model, data: data.name, when: created, created, trainable: training !== undefined },
    numbers: metrics.map(({ name: number, value, split = '?', samples, standardError }) => ({
      ...{ name: number, value, split },
      ...(samples !== undefined && { count: samples }),
      ...(typeof standardError === 'number' && { standardError }),
    })),
  };
}
