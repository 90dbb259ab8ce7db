import { decodeSafetensors } from '../arrays/safetensors.js';
import { dtypeOf, type TrainingState } from '../arrays/state.js';
import { describe } from '../arrays/tensor.js';
import { openFastest } from '../device/fastest.js';
import type { ComputeDevice } from '../device/types.js';
import { RunFolderError } from '../errors.js';
import type { AnyKind } from '../kinds/kind.js';
import type { KindOptions } from '../kinds/registry.js';
import type { AnyManifest } from '../manifest/base.js';
import { checkOptions } from '../options.js';
import { Random } from '../random.js';
import { abortable, readManifest, runFileReader } from '../run/load.js';
import { nameOf, openSource, type RunLocation } from '../run/read-files.js';
import { type OpenStep, openStep, StepRunner } from './runner.js';
import { type TrainableManifest, type TrainableOptions, TrainableSession } from './session.js';
import { stepWorkload } from './workload.js';

/**
 * Loads a run that was trained with `train --save-step`, to train it further where it is: in Node or in a browser,
 * without tfjs.
 *
 * Throws what `load` throws, and RunFolderError (`not-trainable`) when the run was written without its training step.
 */
export async function loadTrainable<Own extends AnyKind>(
  location: RunLocation,
  options: TrainableOptions & KindOptions<Own>,
): Promise<TrainableSession<Own>>;
export async function loadTrainable(location: RunLocation, options?: TrainableOptions): Promise<TrainableSession>;
export async function loadTrainable(
  location: RunLocation,
  options: TrainableOptions & Partial<KindOptions> = {},
): Promise<TrainableSession<AnyKind>> {
  checkOptions('a load', options);
  const name = nameOf(location);
  return abortable(name, options.signal, loadSession(location, options), (late) => late.dispose());
}

async function loadSession(
  address: RunLocation,
  options: TrainableOptions & Partial<KindOptions>,
): Promise<TrainableSession<AnyKind>> {
  const source = await openSource(address, options);
  const manifest = await readManifest(source, options);
  const { location } = source;
  requireTrainable(manifest, location);
  const { steps, state, random: resumed } = manifest.training;
  const random = options.seed === undefined ? Random.fromState(resumed) : new Random(options.seed);
  const all = [...Object.values(manifest.graphs), ...Object.values(steps), state];
  const read = runFileReader(source, all, options);
  const initial = decodeState(await read(state), `${location}: ${state.file}`);
  checkVariables(manifest, initial, location);
  const files: Record<string, Uint8Array> = {};
  for (const [name, entry] of Object.entries(manifest.graphs)) files[name] = await read(entry);
  const stepFiles: Record<string, Uint8Array> = {};
  for (const [name, entry] of Object.entries(steps)) stepFiles[name] = await read(entry);
  const begin = async (device: ComputeDevice, draws: Random): Promise<StepRunner> => {
    const open: Record<string, OpenStep> = {};
    for (const [name, entry] of Object.entries(steps)) {
      open[name] = await openStep(device, `${location}: ${entry.file}`, stepFiles[name]!, entry);
    }
    return new StepRunner(device, open, initial, draws);
  };
  const workload = stepWorkload(steps, (device) => begin(device, new Random(1)));
  const device = await openFastest(workload, options);
  try {
    const runner = await begin(device, random);
    return new TrainableSession({ source, manifest, runner, random, files, options });
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

function requireTrainable(manifest: AnyManifest, location: string): asserts manifest is TrainableManifest<AnyKind> {
  if (manifest.training) return;
  throw new RunFolderError(
    'not-trainable',
    `${location} was written without its training step; train it with --save-step (or write it: train ${manifest.model} --resume --save-step)`,
    { location },
  );
}

function decodeState(bytes: Uint8Array, from: string): TrainingState {
  try {
    return decodeSafetensors(bytes).arrays;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunFolderError('manifest-invalid', `${from} holds no arrays: ${reason}`, { from }, { cause: error });
  }
}

/** Throws RunFolderError when the manifest names variables that the state does not have, or places outside a file. */
function checkVariables(
  { graphs, training }: TrainableManifest<AnyKind>,
  state: TrainingState,
  location: string,
): void {
  const refuse = (what: string, data: Record<string, unknown>): RunFolderError =>
    new RunFolderError('manifest-invalid', `${location}: the manifest's training is not valid: ${what}`, data);
  for (const [name, { dtype, shape }] of Object.entries(training.variables ?? {})) {
    const entry = state[name];
    if (entry && describe(dtypeOf(entry), entry.shape) === describe(dtype, shape)) continue;
    const found = entry ? `is ${describe(dtypeOf(entry), entry.shape)} there` : 'is not there';
    throw refuse(`variable '${name}' should be ${describe(dtype, shape)} in the state, but ${found}`, { name, shape });
  }
  for (const [name, { reads, assigns }] of Object.entries(training.steps)) {
    const unknown = [...reads, ...Object.keys(assigns)].find((variable) => !state[variable]);
    if (unknown !== undefined)
      throw refuse(`step '${name}' uses '${unknown}', which the state lacks`, { name, unknown });
  }
  for (const [name, places] of Object.entries(training.weights)) {
    const size = graphs[name]?.bytes ?? 0;
    for (const [variable, offset] of Object.entries(places)) {
      const entry = state[variable];
      if (entry && offset + entry.data.byteLength <= size) continue;
      throw refuse(`there is no room for '${variable}' at byte ${offset} of graph '${name}'`, { name, variable });
    }
  }
}
