import { RunFolderError } from '../errors.js';
import type { Manifest } from '../kinds/index.js';
import type { AnyKind, ManifestOfKind } from '../kinds/kind.js';
import { type KindOptions, kindsWith } from '../kinds/registry.js';
import { type AnyManifest, MANIFEST_FILE, MANIFEST_FORMAT } from '../manifest/base.js';
import type { RunFile } from '../manifest/run-file.js';
import type { z } from '../manifest/schema.js';
import { issueLine } from '../value-rule.js';
import { anyManifestSchema, manifestSchema, manifestSchemaOf } from './manifest-schema.js';

/** For those who read a manifest and do not use the model: a run of any kind will do, and its facts are not checked. */
export interface AnyKindOptions {
  readonly kinds: 'any';
}

/** All files that a run is loaded from beside the manifest: its graphs, and what its training goes on with. */
export function runFiles({ graphs, training }: Pick<AnyManifest, 'graphs' | 'training'>): readonly RunFile[] {
  return [...graphFiles(graphs), ...(training ? [...Object.values(training.steps), training.state] : [])];
}

/** The files of some graphs, each graph's followed by those that hold its weights. */
export function graphFiles(graphs: AnyManifest['graphs']): readonly RunFile[] {
  return Object.values(graphs).flatMap((graph) => [graph, ...(graph.externalData ?? [])]);
}

/**
 * A manifest from its JSON text. `from` is what messages call it. Throws RunFolderError: `run-newer` when a later
 * version of this software wrote it, `manifest-invalid` naming the first thing that is wrong.
 */
export function parseManifest<Own extends AnyKind>(
  text: string,
  from: string | undefined,
  options: KindOptions<Own>,
): Manifest | ManifestOfKind<Own>;
export function parseManifest(text: string, from: string | undefined, options: AnyKindOptions): AnyManifest;
export function parseManifest(text: string, from?: string): Manifest;
export function parseManifest(
  text: string,
  from: string = MANIFEST_FILE,
  options: Partial<KindOptions | AnyKindOptions> = {},
): AnyManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunFolderError('manifest-invalid', `${from} is not JSON: ${reason}`, { from }, { cause: error });
  }
  return checked(json, from, options);
}

/** {@link parseManifest} for a value: the writer's check. */
export function checkManifest<Own extends AnyKind>(
  value: unknown,
  from: string | undefined,
  options: KindOptions<Own>,
): Manifest | ManifestOfKind<Own>;
export function checkManifest(value: unknown, from: string | undefined, options: AnyKindOptions): AnyManifest;
export function checkManifest(value: unknown, from?: string): Manifest;
export function checkManifest(
  value: unknown,
  from: string = MANIFEST_FILE,
  options: Partial<KindOptions | AnyKindOptions> = {},
): AnyManifest {
  return checked(value, from, options);
}

function checked(value: unknown, from: string, { kinds }: Partial<KindOptions | AnyKindOptions>): AnyManifest {
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > MANIFEST_FORMAT) {
    throw new RunFolderError(
      'run-newer',
      `${from} has format ${format}, written by a newer version; this version reads format ${MANIFEST_FORMAT}: update it`,
      { from, format, supported: MANIFEST_FORMAT },
    );
  }
  const result = schemaFor(kinds ?? []).safeParse(value);
  if (result.success) return result.data;
  throw new RunFolderError('manifest-invalid', `${from} is not valid: ${issueLine(result.error.issues[0]!, value)}`, {
    from,
    issues: result.error.issues,
  });
}

function schemaFor(kinds: readonly AnyKind[] | 'any'): z.ZodType<AnyManifest> {
  if (kinds === 'any') return anyManifestSchema;
  return kinds.length === 0 ? manifestSchema : manifestSchemaOf(kindsWith(kinds));
}
