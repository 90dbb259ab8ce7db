import { readdir } from 'node:fs/promises';
import { decodeSafetensors, encodeSafetensors } from '@onnx-forge/infer';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { TrainError } from '../errors.js';
import type { Snapshot } from '../figures/figure.js';
import { isAbsence } from '../unwritable.js';
import { writeAtomically } from './atomic.js';
import type { RunFolder } from './folder.js';

/** Keeps a snapshot's images in `snapshots/`; returns the file. */
export async function saveSnapshot(run: RunFolder, { step, epoch, count, images }: Snapshot): Promise<string> {
  await run.folder('snapshots');
  const path = run.file('snapshots', `step-${String(step).padStart(8, '0')}.safetensors`);
  const arrays = { images: { shape: [count, images.length / count], data: images } };
  await writeAtomically(path, encodeSafetensors({ arrays, metadata: { step: `${step}`, epoch: `${epoch}` } }));
  return path;
}

/**
 * The run's snapshots in the order of training, up to iteration `last`.
 *
 * @throws TrainError (`snapshot-invalid`) naming a file that is damaged
 */
export async function readSnapshots(run: RunFolder, last: number = Number.POSITIVE_INFINITY): Promise<Snapshot[]> {
  const names = await readdir(run.file('snapshots')).catch((error: unknown) => {
    if (!isAbsence(error)) throw unreadable(run.file('snapshots'), error);
    return [];
  });
  const snapshots: Snapshot[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.safetensors')).sort()) {
    const snapshot = await readSnapshot(run.file('snapshots', name));
    if (snapshot.step <= last) snapshots.push(snapshot);
  }
  return snapshots;
}

function unreadable(path: string, error: unknown): TrainError {
  const message = `${path} can't be read: ${(error as Error).message}`;
  return new TrainError('snapshot-invalid', message, { path }, { cause: error });
}

async function readSnapshot(path: string): Promise<Snapshot> {
  try {
    const { arrays, metadata } = decodeSafetensors(await readRegularFile(path));
    const { images } = arrays;
    const [step, epoch] = [Number(metadata.step), Number(metadata.epoch)];
    if (!(images?.data instanceof Float32Array) || images.shape.length !== 2) throw new SyntaxError('it has no images');
    if (!Number.isSafeInteger(step) || !Number.isFinite(epoch)) throw new SyntaxError('it has no step or epoch');
    return { step, epoch, count: images.shape[0]!, images: images.data };
  } catch (error) {
    const message = `${path} is no usable snapshot: ${(error as Error).message}; delete it to draw without it`;
    throw new TrainError('snapshot-invalid', message, { path }, { cause: error });
  }
}
