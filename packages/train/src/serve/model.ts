import type { ModelKind } from './kinds.js';

/** The loaded run of a kind, as infer gives it. */
export interface ModelOf<Kind extends ModelKind = ModelKind> {
  readonly kind: Kind;
  dispose(): Promise<void>;
}
