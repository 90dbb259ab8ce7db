import { issueLine } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';

/** JSON as Keras writes it; what a layer's class makes of its config is checked key by key. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A Keras object: a layer or a model. */
export interface KerasObject {
  readonly module?: string | null | undefined;
  readonly class_name: string;
  readonly config: JsonObject;
  readonly registered_name?: string | null | undefined;
  readonly build_config?: JsonObject | null | undefined;
  /** Of a layer in a functional model. */
  readonly name?: string | undefined;
  readonly inbound_nodes?: readonly Json[] | undefined;
}

/** A layer or model as tfjs reads it (Keras 2). */
export interface TfjsObject {
  readonly class_name: string;
  readonly config: JsonObject;
}

/** A model has no equal in tfjs. */
export class Untranslatable extends Error {
  /** @param located whether the message names the layer */
  constructor(
    message: string,
    readonly located: boolean = false,
  ) {
    super(message);
  }
}

const object: z.ZodType<KerasObject> = z.looseObject({
  module: z.string().nullish(),
  class_name: z.string(),
  config: z.record(z.string(), z.json()),
  registered_name: z.string().nullish(),
  build_config: z.record(z.string(), z.json()).nullish(),
  name: z.string().optional(),
  inbound_nodes: z.array(z.json()).optional(),
}) as never;

export function isKerasObject(json: unknown): json is KerasObject {
  return object.safeParse(json).success;
}

/** @throws Untranslatable */
export function kerasObject(json: unknown): KerasObject {
  const result = object.safeParse(json);
  if (result.success) return result.data;
  throw new Untranslatable(issueLine(result.error.issues[0]!, json));
}

export function nameOf({ name, config }: KerasObject): string {
  return name ?? String(config.name ?? '');
}
