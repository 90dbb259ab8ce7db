import { initializerOffsets, OPSET, requireOpens, type StepModel, tf } from '@onnx-forge/export';
import {
  type BatchSpec,
  encodeSafetensors,
  type GraphEntry,
  type RandomState,
  readRunFile,
  type StepEntry,
  type TrainingEntry,
  type TrainingState,
  withWeights,
} from '@onnx-forge/infer';
import { TrainError } from '../errors.js';
import type { Graph } from '../kinds/graph.js';
import type { NetworkWeight } from '../layers/network.js';
import type { RunFolder } from './folder.js';
import { exportGraph, writeGraphFile } from './graphs.js';

/** Steps, state and graphs of a training that can go on without tfjs. */
export interface SavedStep {
  /** Of standard operators only, by name. */
  readonly steps: Readonly<Record<string, StepModel>>;
  readonly state: TrainingState;
  /** Of the stream that the steps draw from. */
  readonly random: RandomState;
  /** The run's inference graphs: their functions, and their files. */
  readonly graphs: Readonly<Record<string, Graph>>;
  readonly entries: Readonly<Record<string, GraphEntry>>;
  /** With which the graphs were written. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Of the networks that the graphs were exported with, named as in the graphs. */
  readonly weights: readonly NetworkWeight[];
  /** Before a weight's name, in the state. */
  readonly prefix: string;
}

/** Writes `graphs/step-NAME.onnx` and `graphs/training.safetensors`; gives the manifest's entry. */
export async function writeTraining(run: RunFolder, facts: SavedStep): Promise<TrainingEntry> {
  const weights: Record<string, Record<string, number>> = {};
  for (const name of Object.keys(facts.graphs)) weights[name] = await findWeights(run, name, facts);
  const steps: Record<string, StepEntry> = {};
  for (const [name, { bytes, graph }] of Object.entries(facts.steps)) {
    // A learning rate is read off its optimizer: here it becomes a number.
    const hostInputs = graph.hostInputs.map((input) => ({ ...input }));
    await requireOpens({ bytes, externalData: {} }, `step '${name}'`);
    const file = await writeGraphFile(run, `step-${name}.onnx`, [bytes]);
    steps[name] = { ...file, opset: OPSET, ...graph, hostInputs };
  }
  const arrays = encodeSafetensors({ arrays: facts.state, metadata: {} });
  const state = await writeGraphFile(run, 'training.safetensors', arrays);
  return { state, variables: variablesOf(facts.state), random: facts.random, steps, weights };
}

function variablesOf(state: TrainingState): Record<string, BatchSpec> {
  const specs = Object.entries(state).map(([name, { shape, data }]) => {
    return [name, { dtype: data instanceof Float32Array ? 'float32' : 'int32', shape: [...shape] }] as const;
  });
  return Object.fromEntries(specs);
}

/**
 * Where a graph's file holds the weights. They are changed and the graph exported again: only those bytes may differ.
 *
 * @throws TrainError (`graph-folds-weights`) when the graph holds numbers that are computed from weights,
 *   (`graph-external`) when it has its weights in other files
 */
async function findWeights(run: RunFolder, name: string, facts: SavedStep): Promise<Record<string, number>> {
  const { graphs, entries, weights, prefix, metadata } = facts;
  const entry = entries[name]!;
  if (entry.externalData) {
    const message = `graph '${name}' has its weights in files beside it, where further training can't follow: leave --save-step out`;
    throw new TrainError('graph-external', message, { graph: name });
  }
  const file = await readRunFile(run.path, entry);
  const offsets = initializerOffsets(file);
  const held = weights.filter((weight) => weight.name in offsets);
  const places = Object.fromEntries(held.map((weight) => [`${prefix}${weight.name}`, offsets[weight.name]!]));
  const changed = Object.fromEntries(
    held.map(({ name: weight, variable: { shape, size } }) => {
      return [
        `${prefix}${weight}`,
        { shape, data: Float32Array.from({ length: size }, (_, i) => 0.3 + 0.1 * (i % 7)) },
      ];
    }),
  );
  const again = withOtherValues(
    weights,
    ({ name: weight }) => changed[`${prefix}${weight}`]?.data,
    () => exportGraph(graphs[name]!, weights, { metadata }).bytes,
  );
  if (Buffer.from(again).equals(withWeights(file, places, changed))) return places;
  const message = `graph '${name}' holds numbers that were computed from the weights, so it can't follow further training: leave --save-step out`;
  throw new TrainError('graph-folds-weights', message, { graph: name });
}

/** Calls `work` while the variables have other values. */
function withOtherValues<T>(
  weights: readonly NetworkWeight[],
  valuesOf: (weight: NetworkWeight) => Float32Array | undefined,
  work: () => T,
): T {
  const assign = (variable: tf.Variable, values: Float32Array) =>
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, variable.dtype as 'float32')));
  const before = weights.map(({ variable }) => variable.dataSync<'float32'>().slice());
  try {
    for (const weight of weights) {
      const { variable } = weight;
      assign(variable, valuesOf(weight) ?? new Float32Array(variable.size).fill(0.7));
    }
    return work();
  } finally {
    for (const [index, { variable }] of weights.entries()) assign(variable, before[index]!);
  }
}
