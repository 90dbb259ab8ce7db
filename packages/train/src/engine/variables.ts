import { tf } from '@onnx-forge/export';
import type { StateArray, TrainingState } from '@onnx-forge/infer';
import { TrainError } from '../errors.js';

/** Variables by their names in the state. */
export type NamedVariables = ReadonlyMap<string, tf.Variable>;

/** Copies of the variables' values. */
export async function readVariables(variables: NamedVariables): Promise<TrainingState> {
  const arrays: Record<string, StateArray> = {};
  for (const [name, variable] of variables) {
    arrays[name] = { shape: variable.shape, data: (await variable.data<'float32'>()).slice() };
  }
  return arrays;
}

/**
 * Gives the variables the values under their names.
 *
 * @throws TrainError (`checkpoint-mismatch`) when one is missing or has another shape; then nothing has changed
 */
export function restoreVariables(variables: NamedVariables, arrays: TrainingState): void {
  const problem = [...variables.keys()].find((name) => `${arrays[name]?.shape}` !== `${variables.get(name)?.shape}`);
  if (problem !== undefined) throw mismatch(problem, arrays, variables);
  for (const [name, variable] of variables) {
    const { data, shape } = arrays[name]!;
    tf.tidy(() => variable.assign(tf.tensor(data.slice(), [...shape], variable.dtype as 'float32')));
  }
}

/** @throws TrainError (`checkpoint-mismatch`) when there is an array that belongs to no variable */
export function refuseOtherArrays(variables: NamedVariables, arrays: TrainingState): void {
  const problem = Object.keys(arrays).find((name) => !variables.has(name));
  if (problem !== undefined) throw mismatch(problem, arrays, variables);
}

function mismatch(name: string, arrays: TrainingState, variables: NamedVariables): TrainError {
  const want = variables.has(name) ? `[${variables.get(name)?.shape}]` : 'absent';
  const have = name in arrays ? `[${arrays[name]?.shape}]` : 'absent';
  const message = `the checkpoint is of another network or engine: '${name}' is ${have} there and ${want} here`;
  return new TrainError('checkpoint-mismatch', message, { array: name });
}
