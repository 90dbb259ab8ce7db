/** State that all users of one onnxruntime-web share. Plain data: copies of this package read each other's. */
export interface SharedState {
  /** The last call that was queued. */
  last: Promise<unknown>;
  /** The options that it was configured with. */
  settings?: string;
  /** Whether a session was ever made. */
  started?: boolean;
  /** Why it could not start; it stays so for as long as the page lives. */
  failure?: Error;
}

/** Of this shape; another shape gets another number. */
const REGISTRY = Symbol.for('@onnx-forge/infer: onnxruntime-web 1');

/**
 * The state of an onnxruntime-web, by its `env`. On a global symbol, since a page may hold several copies of this package
 * over one onnxruntime-web, whose WebAssembly does one thing at a time.
 */
export function sharedState(env: object): SharedState {
  const place = globalThis as { [REGISTRY]?: WeakMap<object, SharedState> };
  place[REGISTRY] ??= new WeakMap();
  const state = place[REGISTRY].get(env) ?? { last: Promise.resolve() };
  place[REGISTRY].set(env, state);
  return state;
}
