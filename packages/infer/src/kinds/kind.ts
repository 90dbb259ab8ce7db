import type { ManifestOf } from '../manifest/base.js';
import type { ModelContext, ServedModel } from './model.js';
import type { StandardSchema } from './standard-schema.js';

/** Sizes, or names of free dimensions: ['batch', 784]. Equal names must be equal sizes. */
export type GraphShape = readonly (number | string)[];

/** An input of whole numbers: token ids, positions, classes. */
export interface IntegerInput {
  readonly shape: GraphShape;
  readonly dtype: 'int32';
  /** Its numbers are from 0 up to, not including, this: what `verify` draws. */
  readonly below: number;
}

/** A float32 input by its shape alone, or one of whole numbers. */
export type GraphInput = GraphShape | IntegerInput;

/** Shape and dtype of an input or output. */
export function inputType(input: GraphInput | IntegerOutput): {
  readonly shape: GraphShape;
  readonly dtype: 'float32' | 'int32';
} {
  return 'dtype' in input ? { shape: input.shape, dtype: input.dtype } : { shape: input, dtype: 'float32' };
}

/** An output of whole numbers. */
export type IntegerOutput = Omit<IntegerInput, 'below'>;

/** A graph that the methods of a kind run. A free dimension's name in a manifest may be another. */
export interface Role {
  /** Without it a run is not whole. The methods that need one of the others throw `graph-missing` where it is not there. */
  readonly required?: boolean | undefined;
  readonly inputs: Readonly<Record<string, GraphInput>>;
  /** float32 by their shapes, whole numbers, or `any`: of whatever type and shape. A graph may have further outputs. */
  readonly outputs: Readonly<Record<string, GraphShape | IntegerOutput | 'any'>>;
}

/** Part of a manifest that the shapes of its graphs follow from. */
export interface RoleFacts<Serve> {
  readonly serve: Serve;
  readonly vocabularies?: Readonly<Record<string, { readonly length: number }>> | undefined;
}

/** A kind of model: facts in the manifest, graphs, and the class that runs them. */
export interface Kind<K extends string, Serve extends object, M extends ServedModel> {
  /** Its name in manifests. */
  readonly kind: K;
  /** Checks the manifest's entry `serve`, when a run is written and when it is loaded. */
  readonly serve: StandardSchema<Serve>;
  /** The graphs that a run must or may have. */
  roles(facts: RoleFacts<Serve>): Readonly<Record<string, Role>>;
  /** The model of a run whose manifest has been checked and whose graphs are open. */
  create(context: ModelContext<ManifestOf<K, Serve>>): M;
}

/** Any kind of model, one of a caller's own too. */
export type AnyKind = Kind<string, object, ServedModel>;

/** Content of the manifest.json of a run of a kind. */
export type ManifestOfKind<K extends AnyKind> =
  K extends Kind<infer Name, infer Serve, ServedModel> ? ManifestOf<Name, Serve> : never;

/** The model that a kind creates. */
export type ModelOfKind<K extends AnyKind> = ReturnType<K['create']>;
