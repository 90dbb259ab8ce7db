import {
  type ClassifierModel,
  type ClassifierServe,
  defineKind,
  type LatentModel,
  type LoadOptions,
  load,
  loadManifest,
  loadTrainable,
  type Manifest,
  type Model,
  type ModelKind,
  type ModelOf,
  type ServeOf,
  type TranslatorModel,
} from '@onnx-forge/infer';
import { expectTypeOf } from 'expect-type';
import { Regressor, type RegressorServe, regressor } from '../train/kinds/regressor.js';

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

/** Kinds of one's own beside infer's. Compiled, never run. */
export async function loadsOwnKinds(location: string): Promise<void> {
  const model = await load(location, { device: 'cpu', kinds: [regressor] });
  expectTypeOf(model).toEqualTypeOf<Model | Regressor>();
  if (model.kind === 'regressor') expectTypeOf(model.manifest.serve).toEqualTypeOf<RegressorServe>();
  if (model.kind === 'classifier') expectTypeOf(model).toEqualTypeOf<ClassifierModel>();
  const session = await loadTrainable(location, { kinds: [regressor] });
  expectTypeOf(session.model).returns.resolves.toEqualTypeOf<Model | Regressor>();
  const manifest = await loadManifest(location, { kinds: [regressor] });
  if (manifest.kind === 'regressor') expectTypeOf(manifest.serve).toEqualTypeOf<RegressorServe>();
  expectTypeOf((await loadManifest(location, { kinds: 'any' })).kind).toEqualTypeOf<string>();
  expectTypeOf(await loadManifest(location)).toEqualTypeOf<Manifest>();

  expectTypeOf<ModelOf>().toEqualTypeOf<Model>();
  expectTypeOf<ModelOf<'classifier'>>().toEqualTypeOf<ClassifierModel>();
  expectTypeOf<ModelOf<typeof regressor>>().toEqualTypeOf<Regressor>();
  expectTypeOf<ServeOf<'classifier'>>().toEqualTypeOf<ClassifierServe>();
  expectTypeOf<ServeOf<typeof regressor>>().toEqualTypeOf<RegressorServe>();
  const { serve, roles } = regressor;
  // @ts-expect-error: its model is of another kind
  defineKind({ kind: 'other', serve, roles, create: (context) => new Regressor(context) });
}
