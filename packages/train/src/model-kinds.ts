import type { ImageEntry, Manifest, Models } from '@onnx-forge/infer';

/** The kinds of model that infer knows; a kind decides the graphs that a run must have and the methods it gets. */
export type { ModelKind } from '@onnx-forge/infer';

/** The loaded run of a kind, as infer gives it. */
export type ModelOf<Kind extends keyof Models = keyof Models> = Models[Kind];

/** The kinds that make data from latent vectors. */
export type { GenerativeKind } from '@onnx-forge/infer';

/** Facts in the manifest that infer needs beside the graphs. */
export type ServeFacts<Kind extends keyof Models = keyof Models> = Extract<Manifest, { kind: Kind }>['serve'];

/** Shape and range of the images that a model makes. */
export type ImageFacts = ImageEntry;
