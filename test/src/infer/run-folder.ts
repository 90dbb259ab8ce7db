import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClassifierServe, EmbeddingServe, LatentServe } from '@onnx-forge/infer';
import { linearGaussian, linearGaussianGraphs } from './linear-gaussian.js';
import { type ModelSpec, onnxModel } from './onnx.js';

/** Temporary folders of one suite: `make` as many as needed, `remove` them in `after`. */
export class TemporaryFolders {
  readonly #made: string[] = [];

  make(): string {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-forge-infer-'));
    this.#made.push(folder);
    return folder;
  }

  remove(): void {
    for (const folder of this.#made) rmSync(folder, { recursive: true, force: true });
  }
}

export interface RunSpec {
  readonly kind: 'latent' | 'generator' | 'classifier' | 'embedding';
  readonly serve: LatentServe | ClassifierServe | EmbeddingServe;
  readonly graphs: Readonly<Record<string, ModelSpec>>;
}

/** A manifest as a test may spoil it. */
// biome-ignore lint/suspicious/noExplicitAny: tests write what the types forbid
export type LooseManifest = Record<string, any>;

/** Writes a whole run folder; returns its manifest. */
export function writeRun(folder: string, { kind, serve, graphs }: RunSpec): LooseManifest {
  mkdirSync(join(folder, 'graphs'), { recursive: true });
  const manifest: LooseManifest = {
    format: 1,
    model: 'test',
    kind,
    created: '2024-05-01T12:00:00Z',
    versions: { node: process.version },
    options: {},
    data: { name: 'none', files: [], embedded: true },
    seed: 1,
    device: 'cpu',
    engine: 'compiled',
    steps: 0,
    epochs: 0,
    graphs: Object.fromEntries(Object.entries(graphs).map(([name, spec]) => [name, writeGraph(folder, name, spec)])),
    serve,
    metrics: [],
  };
  writeManifest(folder, manifest);
  return manifest;
}

export function writeManifest(folder: string, manifest: LooseManifest): void {
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
}

/** Writes graphs/<name>.onnx and returns its entry in the manifest. */
export function writeGraph(folder: string, name: string, spec: ModelSpec): LooseManifest {
  const bytes = onnxModel(spec);
  writeFileSync(join(folder, 'graphs', `${name}.onnx`), bytes);
  const values = (shapes: ModelSpec['inputs']): LooseManifest =>
    Object.fromEntries(Object.entries(shapes).map(([value, shape]) => [value, { dtype: 'float32', shape }]));
  return {
    file: `graphs/${name}.onnx`,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    opset: 17,
    inputs: values(spec.inputs),
    outputs: values(spec.outputs),
  };
}

/** The linear-Gaussian model as a run: "images" of 1 x 5 pixels, 2 latent dimensions. */
export function linearGaussianRun(): RunSpec {
  return {
    kind: 'latent',
    serve: {
      latentDim: 2,
      prior: 'normal',
      image: { height: 1, width: 5, channels: 1, range: [-10, 10] },
      likelihood: 'normal',
    },
    graphs: linearGaussianGraphs(linearGaussian()),
  };
}
