import { InputError } from '../errors.js';
import type { AnyManifest, ManifestOf } from '../manifest/base.js';
import { kindOf } from '../typed-array.js';
import { KINDS, type Model } from './index.js';
import type { AnyKind, Kind, ModelOfKind } from './kind.js';
import type { ModelContext, ServedModel } from './model.js';

/** Kinds of model of a caller's own, beside infer's. */
export interface KindOptions<Own extends AnyKind = AnyKind> {
  /** Made by {@link defineKind}. */
  readonly kinds: readonly Own[];
}

/**
 * Declares a kind of model of one's own. It is given to `load` as `kinds: [...]`, and to a recipe of the training package.
 *
 * @throws InputError when a part is missing, or the name is taken or can't be a kind's
 */
export function defineKind<
  const K extends string,
  Serve extends object,
  M extends ServedModel<ManifestOf<K, Serve>> & { readonly kind: K },
>(kind: Kind<K, Serve, M>): Kind<K, Serve, M> {
  kindsWith([kind]);
  return kind;
}

/**
 * Infer's kinds and a caller's own, by name.
 *
 * @throws InputError when one of the latter is no kind, or its name is taken
 */
export function kindsWith(own: readonly AnyKind[] = []): ReadonlyMap<string, AnyKind> {
  if (!Array.isArray(own)) throw new InputError(`kinds must be a list of kinds of model, not ${kindOf(own)}`);
  const kinds = new Map<string, AnyKind>(Object.entries(KINDS));
  for (const kind of new Set<AnyKind>(own)) {
    requireKind(kind);
    if (kinds.has(kind.kind)) throw new InputError(`there are two kinds of model '${kind.kind}': rename one of them`);
    kinds.set(kind.kind, kind);
  }
  return kinds;
}

function requireKind(kind: Partial<AnyKind> | null | undefined): void {
  const { kind: name, serve, roles, create } = kind ?? {};
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name)) {
    const found = typeof name === 'string' ? `'${name}'` : kindOf(name);
    throw new InputError(`the name of a kind of model (kind) is made of a-z, 0-9 and '-', not ${found}`);
  }
  if (typeof serve?.['~standard']?.validate !== 'function') {
    throw new InputError(`the kind of model '${name}' needs a schema of its facts (serve), such as one of zod`);
  }
  if (typeof roles === 'function' && typeof create === 'function') return;
  throw new InputError(`the kind of model '${name}' needs the functions roles and create`);
}

/** One of infer's kinds or of a caller's own. @throws InputError when none has this name */
export function kindNamed(name: string, own?: readonly AnyKind[]): AnyKind {
  const kinds = kindsWith(own);
  const found = kinds.get(name);
  if (found) return found;
  throw new InputError(`there is no kind of model '${name}'; kinds: ${[...kinds.keys()].join(', ')}`, { kind: name });
}

/** The model of a manifest whose graphs are open. */
export function createModel<Own extends AnyKind = never>(
  context: ModelContext<AnyManifest>,
  own: readonly Own[] = [],
): Model | ModelOfKind<Own> {
  return kindNamed(context.manifest.kind, own).create(context) as Model | ModelOfKind<Own>;
}
