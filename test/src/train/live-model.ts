import { type KindReference, type Manifest, type ModelOf, openDevice } from '@onnx-forge/infer';
import type { Served } from '@onnx-forge/train';
import type { Vocabularies } from '@onnx-forge/train/data';
import type { OptionValues } from '@onnx-forge/train/options';
import { type LiveModelOptions, liveModel } from '@onnx-forge/train/run';

/** The model of now, on the CPU, with a manifest that says no more than models read. */
export async function liveModelOf<K extends KindReference>(
  served: Served<K>,
  about: { readonly options?: OptionValues; readonly vocabularies?: Vocabularies | undefined } = {},
  options: LiveModelOptions = {},
): Promise<ModelOf<K>> {
  const manifest = {
    format: 1,
    model: 'test',
    kind: served.kind,
    created: '2024-05-01T12:00:00Z',
    versions: {},
    options: about.options ?? {},
    data: { name: 'none', files: [], embedded: true },
    seed: 1,
    device: 'cpu',
    engine: 'compiled',
    steps: 0,
    epochs: 0,
    graphs: {},
    vocabularies: about.vocabularies,
    serve: served.serve,
    metrics: [],
  } as unknown as Manifest;
  return liveModel(served, manifest, await openDevice({ device: 'cpu' }), options);
}
