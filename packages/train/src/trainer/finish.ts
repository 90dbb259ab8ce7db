import { type ChosenEntry, openDevice } from '@onnx-forge/infer';
import type { DataSet } from '../data/data-set.js';
import type { Engine } from '../engine/engine.js';
import type { Served } from '../kinds/served.js';
import type { NetworkWeight } from '../layers/network.js';
import type { BestCheckpoint, RunIdentity } from '../run/checkpoint.js';
import type { RunFolder } from '../run/folder.js';
import { writeGraphs } from '../run/graphs.js';
import { liveModel } from '../run/live-model.js';
import { manifestOf, writeManifest } from '../run/manifest.js';
import { provenance } from '../run/provenance.js';
import { type SavedStep, writeTraining } from '../run/saved-step.js';
import type { Callbacks } from './callbacks/callbacks.js';
import type { OnEvent } from './events.js';
import type { TrainingLoop } from './loop.js';

/** The compiled steps and their state, for a run that can be trained further without tfjs. */
export type PortableSteps = Pick<SavedStep, 'steps' | 'state' | 'random' | 'prefix'>;

/** Writes graphs and manifest. The old manifest goes first: in between, the folder must not look like a whole run. */
export async function finish(
  folder: RunFolder,
  {
    identity,
    served,
    weights,
    engine,
    portable,
    data,
    loop,
    callbacks,
    onEvent,
  }: {
    identity: RunIdentity;
    served: Served;
    weights: readonly NetworkWeight[];
    engine: Engine;
    portable: (() => Promise<PortableSteps>) | undefined;
    data: DataSet;
    loop: TrainingLoop;
    callbacks: Callbacks;
    onEvent: OnEvent;
  },
): Promise<void> {
  await engine.writeBack();
  await folder.remove('manifest');
  const metadata = provenance(identity, data);
  const graphs = await writeGraphs(folder, served.graphs, weights, metadata, (detail, fraction) =>
    onEvent({ type: 'phase', phase: 'export', detail, fraction }),
  );
  const { step: steps, stepsPerEpoch } = loop;
  const epochs = steps / stepsPerEpoch;
  const { best, stopped } = callbacks;
  const chosen = chosenCheckpoint(best, { step: steps, epoch: epochs });
  const facts = { identity, data, device: engine.device, steps, epochs, chosen, stopped, metrics: [] };
  const exported = new Set(Object.keys(served.graphs));
  await using model = liveModel(served, manifestOf({ ...facts, served, graphs }), await openDevice({ device: 'cpu' }), {
    exported,
  });
  const learned = await served.calibrate?.(model, data.splits.validation);
  const training =
    portable &&
    (await writeTraining(folder, { ...(await portable()), graphs: served.graphs, entries: graphs, weights, metadata }));
  const calibrated = { ...served, serve: { ...served.serve, ...learned } };
  await writeManifest(folder, { ...facts, served: calibrated, graphs, training });
}

/** The manifest's entry on the weights that were exported. */
function chosenCheckpoint(best: BestCheckpoint | undefined, last: { step: number; epoch: number }): ChosenEntry {
  if (best === undefined) return { checkpoint: 'last', ...last };
  const { by: _, ...facts } = best;
  return { checkpoint: 'best', ...facts };
}
