import { tf } from '@onnx-forge/export';
import {
  type AnyManifest,
  type ChosenEntry,
  checkManifest,
  type GraphEntry,
  loadManifest,
  type MetricEntry,
  type TrainingEntry,
  VERSION,
} from '@onnx-forge/infer';
import type { DataSet } from '../data/data-set.js';
import { kindName, ownKinds, type Served } from '../kinds/served.js';
import type { Measurement } from '../measures/measure.js';
import { writeAtomically } from './atomic.js';
import type { RunIdentity, Stop } from './checkpoint.js';
import type { RunFolder } from './folder.js';
import { wayOf } from './run-number.js';

export interface ManifestFacts {
  readonly identity: RunIdentity;
  readonly served: Served;
  readonly graphs: Readonly<Record<string, GraphEntry>>;
  readonly training?: TrainingEntry | undefined;
  readonly data: DataSet;
  readonly device: string;
  readonly steps: number;
  readonly epochs: number;
  readonly chosen: ChosenEntry;
  readonly stopped?: Stop | undefined;
  readonly metrics: readonly MetricEntry[];
}

/** Writes the manifest of a trained run: with it the folder is a whole run. */
export async function writeManifest(run: RunFolder, facts: ManifestFacts): Promise<AnyManifest> {
  const manifest = manifestOf(facts);
  await saveManifest(run, manifest);
  return manifest;
}

/** The manifest of a run as it stands; a model in training has one, too. */
export function manifestOf(facts: ManifestFacts): AnyManifest {
  const { identity, served, data, graphs, training, device, steps, epochs, chosen, stopped, metrics } = facts;
  const content = {
    format: 1,
    model: identity.recipe,
    kind: kindName(served.kind),
    created: new Date().toISOString(),
    versions: { 'onnx-forge': VERSION, tfjs: tf.version.tfjs, node: process.versions.node },
    options: identity.options,
    data: {
      name: data.name,
      files: data.files,
      embedded: data.embedded,
      ...(data.reference && { reference: data.reference }),
    },
    seed: identity.seed,
    device,
    engine: identity.engine,
    steps,
    epochs,
    chosen,
    ...(stopped && { stopped }),
    graphs,
    ...(identity.from && { from: identity.from }),
    ...(identity.extended && { extended: identity.extended }),
    ...(identity.forms && { forms: identity.forms }),
    ...(data.vocabularies && { vocabularies: data.vocabularies }),
    ...(training && { training }),
    serve: served.serve,
    metrics,
  };
  return checkManifest(content, undefined, { kinds: ownKinds(served.kind) });
}

/** Adds measurements to a run's manifest; a number measured the same way before is replaced. */
export async function recordMeasurements(
  run: RunFolder,
  manifest: AnyManifest,
  measured: readonly Measurement[],
  about: { dataSet: string; seed: number; device: string },
): Promise<void> {
  const entries = measured.map((measurement) => metricEntry(measurement, about));
  const replaced = new Set(entries.map(wayOf));
  const kept = manifest.metrics.filter((entry) => !replaced.has(wayOf(entry)));
  await saveManifest(run, { ...manifest, metrics: [...kept, ...entries] });
}

/** The search that a run was chosen by: its numbers on the test split are those of one chosen among so many. */
export interface Selection {
  /** Trials that were drawn. */
  readonly among: number;
  /** `validation.MEASURE`, and the trial's value: the mean over its seeds. */
  readonly target: string;
  readonly value: number;
  readonly trial: number;
}

/** Writes into a run's manifest how it was chosen. */
export async function recordSelection(run: RunFolder, selection: Selection): Promise<void> {
  const manifest = await loadManifest(run.path, { kinds: 'any' });
  await saveManifest(run, { ...manifest, selection } as AnyManifest);
}

function metricEntry(measurement: Measurement, about: { dataSet: string; seed: number; device: string }): MetricEntry {
  // The manifest counts examples as `samples`; the Monte-Carlo samples per example are `draws`.
  const { examples, samples, ...rest } = measurement;
  return { ...rest, samples: examples, ...(samples !== undefined && { draws: samples }), ...about };
}

async function saveManifest(run: RunFolder, manifest: AnyManifest): Promise<void> {
  await writeAtomically(run.file('manifest'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
