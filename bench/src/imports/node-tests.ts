import { readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { tf } from '@onnx-forge/export';
import { type ImportedModel, importModel, OnnxImportError } from '@onnx-forge/export/import';
import { readArrays, type StoredArray } from './numbers.js';
import { pythonLines } from './python.js';

const SCRIPT = fileURLToPath(new URL('../../import_node_tests.py', import.meta.url));

/** How an operator's test ended; `constants`: with small inputs as initializers, since the importer wants them known. */
export type NodeOutcome =
  | { readonly status: 'right'; readonly constants: boolean }
  | { readonly status: 'refused'; readonly reason: string }
  /** Its expected numbers were drawn by numpy. */
  | { readonly status: 'drawn' }
  | { readonly status: 'wrong'; readonly reason: string };

/** Dropouts that drop: which elements is numpy's own draw, that no other generator repeats. */
const DRAWN = /^test_training_dropout_?(default|mask|default_mask)?$/;

export interface NodeResult {
  readonly name: string;
  readonly operator: string;
  readonly outcome: NodeOutcome;
}

interface NodeTest {
  readonly name: string;
  readonly operator: string;
  readonly stem: string;
  readonly rtol: number;
  readonly atol: number;
  /** Whether all inputs and outputs are tensors of numbers. */
  readonly numeric: boolean;
  /** Inputs that are initializers in the second file. */
  readonly moved?: readonly string[];
}

interface NodeTestsOptions {
  readonly python: string;
  readonly folder: string;
  /** Operators; none: all of them. */
  readonly only: readonly string[];
}

/** Runs ONNX's own tests of its operators through `importModel`. */
export async function examineNodeTests(
  options: NodeTestsOptions,
): Promise<{ versions: string[]; results: NodeResult[] }> {
  const { python, folder, only } = options;
  await tf.setBackend('cpu');
  const results: NodeResult[] = [];
  let versions: string[] = [];
  for await (const line of pythonLines(python, SCRIPT, [folder, ...only])) {
    if (!('name' in line)) {
      versions = Object.entries(line).map(([name, version]) => `${name} ${version}`);
      continue;
    }
    const test = line as unknown as NodeTest;
    results.push({ name: test.name, operator: test.operator, outcome: await examine(test) });
    const endings = ['.onnx', '-constants.onnx', '.json', '.bin'];
    await Promise.all(endings.map((ending) => rm(`${test.stem}${ending}`, { force: true })));
  }
  return { versions, results };
}

async function examine(test: NodeTest): Promise<NodeOutcome> {
  if (DRAWN.test(test.name)) return { status: 'drawn' };
  const first = await attempt(test, `${test.stem}.onnx`, false);
  const wantsNumbers = first.status === 'refused' && first.reason.includes('sizes or constants are needed');
  if (!wantsNumbers || !test.moved?.length) return first;
  return attempt(test, `${test.stem}-constants.onnx`, true);
}

async function attempt(test: NodeTest, file: string, constants: boolean): Promise<NodeOutcome> {
  let model: ImportedModel | undefined;
  try {
    model = importModel(await readFile(file));
    if (!test.numeric) return { status: 'wrong', reason: 'is imported, though its values are no tensors of numbers' };
    const { inputs = [], outputs = [] } = await readArrays(test.stem);
    const fed = inputs.filter(({ name }) => Object.hasOwn(model!.inputs, name));
    const actual = tf.tidy(() => {
      const feeds = Object.fromEntries(fed.map((array) => [array.name, tensorOf(array, model!)]));
      return Object.entries(model!.call(feeds)).map(
        ([name, result]) => [name, result.shape, result.dataSync()] as const,
      );
    });
    const faults = outputs.flatMap((expected) => {
      const found = actual.find(([name]) => name === expected.name);
      return found ? differences(found, expected, test) : [`'${expected.name}' is not there`];
    });
    return faults.length > 0 ? { status: 'wrong', reason: faults[0]! } : { status: 'right', constants };
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    return { status: error instanceof OnnxImportError ? 'refused' : 'wrong', reason };
  } finally {
    model?.dispose();
  }
}

/** @throws OnnxImportError for numbers that the importer says it has no type for */
function tensorOf({ name, shape, numbers }: StoredArray, { inputs }: ImportedModel): tf.Tensor {
  const { dtype = 'float32' } = inputs[name]!;
  if (dtype === 'float32') return tf.tensor(Float32Array.from(numbers), [...shape]);
  if (dtype === 'bool') return tf.tensor(Uint8Array.from(numbers), [...shape], 'bool');
  const data = Int32Array.from(numbers);
  if (numbers.some((n, i) => data[i] !== n)) throw new OnnxImportError(`input '${name}' does not fit into int32`);
  return tf.tensor(data, [...shape], 'int32');
}

/** By the test's own tolerance, as ONNX's runner compares. */
function differences(
  [name, shape, data]: readonly [string, readonly number[], ArrayLike<number>],
  expected: StoredArray,
  { rtol, atol }: NodeTest,
): string[] {
  if (shape.join() !== expected.shape.join()) return [`'${name}' is [${shape}], not [${expected.shape}]`];
  for (const [i, e] of expected.numbers.entries()) {
    const a = data[i]!;
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    if (!(Math.abs(a - e) <= atol + rtol * Math.abs(e))) return [`'${name}'[${i}] is ${a}, not ${e}`];
  }
  return [];
}
