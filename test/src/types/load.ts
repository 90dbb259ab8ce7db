import {
  type ClassifierModel,
  type LatentModel,
  type LoadOptions,
  load,
  type Model,
  type ModelKind,
  type TranslatorModel,
} from '@onnx-forge/infer';
import { expectTypeOf } from 'expect-type';

/** Compiled, never run: the compiler is the test. */
export async function loadsModels(location: string | URL): Promise<void> {
  const model = await load(location);
  expectTypeOf(model).toEqualTypeOf<Model>();
  expectTypeOf<typeof model.kind>().toEqualTypeOf<ModelKind>();
  if (model.kind === 'classifier') expectTypeOf(model).toEqualTypeOf<ClassifierModel>();
  if (model.kind === 'latent') {
    expectTypeOf(model).toEqualTypeOf<LatentModel>();
    expectTypeOf(model.manifest.serve.latentDim).toBeNumber();
  }
  if (model.kind === 'translator') expectTypeOf(model).toEqualTypeOf<TranslatorModel>();
  // @ts-expect-error: only some kinds have samples
  void model.sample;

  expectTypeOf<Parameters<typeof load>[1]>().toEqualTypeOf<LoadOptions | undefined>();
  expectTypeOf<LoadOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>();
  // @ts-expect-error: devices have names
  await load(location, { devices: ['gpu'] });
  // @ts-expect-error: no such option
  await load(location, { timeoutMs: 3 });
}
