import { RunFolderError } from '../errors.js';
import { MANIFEST_FILE, MANIFEST_FORMAT } from '../manifest/base.js';
import type { Manifest } from '../manifest/manifest.js';
import type { RunFile } from '../manifest/run-file.js';
import { manifestSchema } from './manifest-schema.js';

/** All files that a run is loaded from beside the manifest: its graphs, and what its training goes on with. */
export function runFiles({ graphs, training }: Manifest): readonly RunFile[] {
  return [...graphFiles(graphs), ...(training ? [...Object.values(training.steps), training.state] : [])];
}

/** The files of some graphs, each graph's followed by those that hold its weights. */
export function graphFiles(graphs: Manifest['graphs']): readonly RunFile[] {
  return Object.values(graphs).flatMap((graph) => [graph, ...(graph.externalData ?? [])]);
}

/**
 * A manifest from its JSON text. `from` is what messages call it. Throws RunFolderError: `run-newer` when a later
 * version of this software wrote it, `manifest-invalid` naming the first thing that is wrong.
 */
export function parseManifest(text: string, from: string = MANIFEST_FILE): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunFolderError('manifest-invalid', `${from} is not JSON: ${reason}`, { from }, { cause: error });
  }
  return checkManifest(json, from);
}

/** {@link parseManifest} for a value: the writer's check. */
export function checkManifest(value: unknown, from: string = MANIFEST_FILE): Manifest {
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > MANIFEST_FORMAT) {
    throw new RunFolderError(
      'run-newer',
      `${from} has format ${format}, written by a newer version; this version reads format ${MANIFEST_FORMAT}: update it`,
      { from, format, supported: MANIFEST_FORMAT },
    );
  }
  const result = manifestSchema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const where = path.length > 0 ? `${path.join('.')}: ` : '';
  throw new RunFolderError('manifest-invalid', `${from} is not valid: ${where}${message}`, {
    from,
    issues: result.error.issues,
  });
}
