import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OPSET } from '@onnx-forge/export';
import { type Tensor, VERSION } from '@onnx-forge/infer';
import { useBackend } from '@onnx-forge/train';
import { type ExportedGraph, loweringCases, recipeGraphs } from './runtimes/exported.js';
import { findPython, install, type Results, runGraphs } from './runtimes/python.js';

/**
 * Exports a graph for every case of every lowering and the graphs and training steps of all recipes; checks them with
 * PyPI's onnx, and runs them in onnxruntimes from PyPI, old and new. Exit code 1 when one is not right everywhere.
 *
 *     node test/dist/matrix/runtimes.js            prints the table
 *     node test/dist/matrix/runtimes.js --write    and writes it to docs/runtimes.md
 */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CACHE = join(ROOT, '.cache', 'runtimes');

/** NumPy 2 came after the older ones; without a version: the newest. */
const RUNTIMES: readonly (readonly string[])[] = [
  ['onnxruntime==1.15.1', 'numpy<2'],
  ['onnxruntime==1.18.1', 'numpy<2'],
  ['onnxruntime==1.21.1', 'numpy<2'],
  ['onnxruntime', 'numpy'],
];

interface Row {
  readonly runtime: string;
  readonly cases: string;
  readonly recipes: string;
  readonly faults: readonly string[];
}

const python = await findPython();
if ('reason' in python) console.log(`skipped: ${python.reason}`);
else await main(python.version);

async function main(pythonVersion: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-runtimes-'));
  try {
    await writeGraphs(folder);
    const rows = [await rowOf('check', ['onnx'], folder)];
    for (const packages of RUNTIMES) rows.push(await rowOf('run', packages, folder));
    const table = tableOf(rows);
    console.log(table);
    const faults = rows.flatMap((row) => row.faults.map((fault) => `${row.runtime}: ${fault}`));
    for (const fault of faults) console.log(fault);
    if (faults.length > 0) process.exitCode = 1;
    if (process.argv.includes('--write'))
      await writeFile(join(ROOT, 'docs', 'runtimes.md'), page(table, pythonVersion));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes 0.onnx, 1.onnx ... and a line about each in graphs.jsonl. */
async function writeGraphs(folder: string): Promise<void> {
  await useBackend('cpu');
  const index = await open(join(folder, 'graphs.jsonl'), 'w');
  let count = 0;
  const write = async ({ name, bytes, inputs, expected, tolerance }: ExportedGraph): Promise<void> => {
    const file = `${count++}.onnx`;
    await writeFile(join(folder, file), bytes);
    const line = { name, file, inputs: encode(inputs), expected: encode(expected), tolerance };
    await index.write(`${JSON.stringify(line)}\n`);
  };
  await mkdir(folder, { recursive: true });
  for await (const each of loweringCases()) await write({ ...each, name: `case ${each.name}` });
  for await (const each of recipeGraphs()) await write({ ...each, name: `recipe ${each.name}` });
  await index.close();
  console.log(`${count} graphs exported`);
}

/** Tensors as graphs.py reads them. */
function encode(tensors: Readonly<Record<string, Tensor>>): Record<string, object> {
  const entries = Object.entries(tensors).map(([name, { type, dims, data }]) => {
    const { buffer, byteOffset, byteLength } = data;
    return [name, { type, dims, data: Buffer.from(buffer, byteOffset, byteLength).toString('base64') }] as const;
  });
  return Object.fromEntries(entries);
}

async function rowOf(mode: 'check' | 'run', packages: readonly string[], folder: string): Promise<Row> {
  const [wanted] = packages as readonly [string];
  try {
    const results = await runGraphs(mode, await install(CACHE, wanted.replace('==', '-'), packages), folder);
    const count = (kind: string): string => {
      const all = results.graphs.filter(({ name }) => name.startsWith(kind));
      return `${all.filter(({ fault }) => fault === undefined).length} of ${all.length}`;
    };
    return {
      runtime: mode === 'check' ? `onnx.checker ${results.version}, full check` : `onnxruntime ${results.version}`,
      cases: count('case'),
      recipes: count('recipe'),
      faults: faultsOf(results),
    };
  } catch (error) {
    return { runtime: wanted, cases: 'none', recipes: 'none', faults: [(error as Error).message] };
  }
}

function faultsOf({ graphs }: Results): string[] {
  return graphs.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`]));
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ runtime, cases, recipes }) => `| ${runtime} | ${cases} | ${recipes} |`);
  return ['| | cases of the lowerings | graphs and steps of the recipes |', '| --- | --- | --- |', ...lines].join('\n');
}

function page(table: string, pythonVersion: string): string {
  const date = new Date().toISOString().slice(0, 10);
  return `# Runtimes

<!-- Written by \`node test/dist/matrix/runtimes.js --write\`; do not edit. -->

Exported graphs are of opset ${OPSET} and IR version 8, which onnxruntime reads since 1.14. Those of every case in [support.md](support.md)
and of all recipes, training steps included, were checked and run on ${date}: onnx-forge ${VERSION}, ${pythonVersion}, wheels from PyPI,
CPU provider. A graph counts when it opens and its numbers are those of tfjs's cpu backend (within the case's own tolerance;
1e-4 for recipes). Training steps are compared with onnxruntime-node.

${table}
`;
}
