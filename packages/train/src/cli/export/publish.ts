import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadManifest, MANIFEST_FILE, type RunFile, readRunFile, runFiles } from '@onnx-forge/infer';
import type { Outcome } from '../command.js';
import { removeOutput, writeOutput } from '../output/files.js';
import { formatBytes } from '../output/format.js';
import { table } from '../output/table.js';

/** Copies what serving needs of a run, graphs and manifest, each graph's hash checked: the folder can be loaded like the run. */
export async function exportRun(run: string, folder: string): Promise<Outcome> {
  const manifest = await loadManifest(run, { kinds: 'any' });
  const rows: string[][] = [];
  // First: the manifest of another run must not stand beside these files.
  await removeOutput(join(folder, MANIFEST_FILE));
  for (const [name, entry] of Object.entries(manifest.graphs)) {
    const bytes = await readRunFile(run, entry);
    const path = join(folder, entry.file);
    await writeOutput(path, bytes);
    rows.push([
      name,
      path,
      formatBytes(bytes.length),
      Object.keys(entry.inputs).join(', '),
      Object.keys(entry.outputs).join(', '),
    ]);
  }
  const others = runFiles(manifest).filter((file) => !Object.values<RunFile>(manifest.graphs).includes(file));
  for (const entry of others) await writeOutput(join(folder, entry.file), await readRunFile(run, entry));
  const files = runFiles(manifest).map(({ file }) => file);
  // Last: with the manifest the folder is whole.
  await writeOutput(join(folder, MANIFEST_FILE), await readFile(join(run, MANIFEST_FILE)));
  return {
    text: `${table(['graph', 'file', 'size', 'inputs', 'outputs'], rows)}\n\nLoad it with: await load('${folder}')`,
    json: { source: run, folder, files: [...files, MANIFEST_FILE], graphs: manifest.graphs },
  };
}
