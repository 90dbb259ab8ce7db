import type { ImageEntry, LatentServe, Models } from '@onnx-forge/infer';

/** The kinds of model that infer knows; a kind decides the graphs that a run must have and the methods it gets. */
export type { ModelKind } from '@onnx-forge/infer';

/** The loaded run of a kind, as infer gives it. */
export type ModelOf<Kind extends keyof Models = keyof Models> = Models[Kind];

/** What the manifest tells infer beside the graphs. */
export type ServeFacts = LatentServe;

/** Shape and range of the images that a model makes. */
export type ImageFacts = ImageEntry;
