import { type DeviceRequest, InputError, load, type ModelKind, type ModelOf } from '@onnx-forge/infer';

/**
 * Loads a run whose model must be of one of some kinds.
 *
 * @param otherwise says of any other kind what it can't: `it does not translate`
 * @throws InputError when it is of another kind
 */
export async function openModelOf<K extends ModelKind>(
  kinds: readonly K[],
  run: string,
  { device, otherwise }: { readonly device: DeviceRequest; readonly otherwise: string },
): Promise<ModelOf<K>> {
  const model = await load(run, { device });
  if ((kinds as readonly string[]).includes(model.kind)) return model as ModelOf<K>;
  const { location, kind } = model;
  await model.dispose();
  throw new InputError(`${location} is of kind ${kind}: ${otherwise}`, { location, kind });
}
