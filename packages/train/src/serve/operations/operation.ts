import type { Model } from '@onnx-forge/infer';
import type { z } from 'zod';

/** Things of a request that an operation gets beside its body. */
export interface OperationContext {
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** The answer to one request: an object as JSON, a PNG where the client prefers one, or lines of JSON as they come. */
export type Answer =
  | { readonly json: object; readonly png?: (() => Uint8Array) | undefined }
  | { readonly lines: AsyncIterable<object> };

/** One thing that a served model can do: a POST route, and its entry in /openapi.json. */
export interface Operation<Body = unknown> {
  /** In one line, for people. */
  readonly summary: string;
  /** Checks a request's body and fills in defaults. */
  readonly body: z.ZodType<Body>;
  /** Fields of the answer's JSON, in one line. */
  readonly answers: string;
  run(body: Body, context: OperationContext): Answer | Promise<Answer>;
}

/** Operations by the last part of their route. */
export type Operations = Readonly<Record<string, Operation<never>>>;

/** The operations of a loaded model. */
export type MakeOperations<M extends Model> = (model: M, limits: OperationLimits) => Operations;

/** Sizes of a request beyond which it is refused. */
export interface OperationLimits {
  /** Images, pairs or texts of a request. */
  readonly examples: number;
  /** Images that one call of a decoder may make for several requests together; 1: each request by itself. */
  readonly batch: number;
}

/** An operation with the type of its body held together. */
export function operation<Body>(definition: Operation<Body>): Operation<never> {
  return definition as unknown as Operation<never>;
}
