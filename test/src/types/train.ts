import type { DeviceRequest } from '@onnx-forge/infer';
import {
  type DataSet,
  type Measurement,
  type Recipe,
  type TrainRequest,
  type TrainResult,
  train,
} from '@onnx-forge/train';
import { expectTypeOf } from 'expect-type';

/** Compiled, never run: the compiler is the test. */
export async function trains(recipe: Recipe, dataSet: DataSet): Promise<void> {
  const result = await train({ recipe, out: 'runs/typed', data: dataSet, set: { latentDim: 2 }, saveStep: true });
  expectTypeOf(result).toEqualTypeOf<TrainResult>();
  expectTypeOf(result.status).toEqualTypeOf<'finished' | 'interrupted'>();
  expectTypeOf(result.kind).toEqualTypeOf<string>();
  expectTypeOf(result.metrics).toEqualTypeOf<Readonly<Record<string, number>>>();
  expectTypeOf(result.measurements).toEqualTypeOf<readonly Measurement[]>();
  expectTypeOf<TrainRequest>().pick<'engine' | 'device'>().toEqualTypeOf<{
    readonly engine?: 'eager' | 'compiled';
    readonly device?: DeviceRequest;
  }>();
  // @ts-expect-error: a run needs a folder
  await train({ recipe });
  // @ts-expect-error: a recipe is an object of defineRecipe, not a name
  await train({ recipe: 'vae', out: 'runs/typed' });
  // @ts-expect-error: two engines
  await train({ recipe, out: 'runs/typed', engine: 'graph' });
}
