import { createHash } from 'node:crypto';
import { type ExportOptions, exportOnnx, type OnnxExport, requireOpens } from '@onnx-forge/export';
import { type GraphEntry, inputType, type RunFile, type ValueEntry } from '@onnx-forge/infer';
import type { Graph } from '../kinds/graph.js';
import type { NetworkWeight } from '../layers/network.js';
import { writeAtomically } from './atomic.js';
import type { RunFolder } from './folder.js';

/** Writes an inference function with the current weights as ONNX; equal weights give equal bytes if they are named. */
export function exportGraph(
  { inputs, run }: Graph,
  weights: readonly NetworkWeight[] = [],
  options: Pick<ExportOptions, 'externalData' | 'metadata' | 'traces'> = {},
): OnnxExport {
  const signature = Object.entries(inputs).map(([name, input]) => [name, inputType(input)] as const);
  const names = new Map(weights.map(({ variable, name }) => [variable, name]));
  return exportOnnx(
    (tensors) => ({ ...run(tensors) }),
    { inputs: Object.fromEntries(signature) },
    { ...options, nameOf: (variable) => names.get(variable) },
  );
}

/**
 * Writes every graph to `graphs/NAME.onnx`, once onnxruntime has opened it; gives the manifest's entries.
 *
 * @param metadata what the files say of where they come from
 */
export async function writeGraphs(
  run: RunFolder,
  graphs: Readonly<Record<string, Graph>>,
  weights: readonly NetworkWeight[],
  metadata: Readonly<Record<string, string>>,
  onGraph: (name: string, fraction: number) => void = () => {},
): Promise<Record<string, GraphEntry>> {
  await run.folder('graphs');
  const entries: Record<string, GraphEntry> = {};
  const all = Object.entries(graphs);
  for (const [index, [name, graph]] of all.entries()) {
    onGraph(name, index / all.length);
    const exported = exportGraph(graph, weights, { metadata, externalData: { name } });
    await requireOpens(exported, `graph '${name}'`);
    const { bytes, opset, inputs, outputs } = exported;
    const externalData: RunFile[] = [];
    for (const [file, part] of Object.entries(exported.externalData)) {
      externalData.push(await writeGraphFile(run, file, [part]));
    }
    entries[name] = {
      ...(await writeGraphFile(run, `${name}.onnx`, [bytes])),
      opset,
      inputs: inputs as Record<string, ValueEntry>,
      outputs: outputs as Record<string, ValueEntry>,
      ...(externalData.length > 0 && { externalData }),
    };
  }
  return entries;
}

/** Writes a file beside the graphs. */
export async function writeGraphFile(run: RunFolder, name: string, parts: readonly Uint8Array[]): Promise<RunFile> {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  await writeAtomically(run.file('graphs', name), parts);
  const bytes = parts.reduce((size, part) => size + part.length, 0);
  return { file: `graphs/${name}`, sha256: hash.digest('hex'), bytes };
}
