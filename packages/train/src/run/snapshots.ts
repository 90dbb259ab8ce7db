import { readdir, readFile } from 'node:fs/promises';
import { decodeSafetensors, encodeSafetensors } from '@onnx-forge/infer';
import type { Snapshot } from '../figure.js';
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

/** The run's snapshots in the order of training, up to iteration `last`. */
export async function readSnapshots(run: RunFolder, last: number = Number.POSITIVE_INFINITY): Promise<Snapshot[]> {
  const names = await readdir(run.file('snapshots')).catch(() => []);
  const snapshots: Snapshot[] = [];
  for (const name of names.filter((entry) => entry.endsWith('.safetensors')).sort()) {
    const { arrays, metadata } = decodeSafetensors(await readFile(run.file('snapshots', name)));
    const { shape, data } = arrays.images!;
    const step = Number(metadata.step);
    if (step > last) continue;
    snapshots.push({ step, epoch: Number(metadata.epoch), count: shape[0]!, images: data as Float32Array });
  }
  return snapshots;
}
