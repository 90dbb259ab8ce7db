import { loadManifest } from '@onnx-forge/infer';
import type { Recipe } from '../recipe/recipe.js';
import { type ExploredRun, ExploredRuns } from './explored-runs.js';

/** @deprecated {@link ExploreRequest} */
export interface ExploredRunRequest {
  readonly recipe: Recipe;
  readonly run: string;
  readonly dataDir?: string | undefined;
  /** Called with one line when the run's data are not here. */
  readonly onNotice?: (text: string) => void;
}

/**
 * A run as it is now, for `serveExplorer([run])` and `writeExplorer([run], out)`.
 *
 * @deprecated Use {@link ExploredRuns}, which looks again as runs come and change.
 *
 * @throws RunFolderError when there is no whole run in the folder
 */
export async function exploredRun({ recipe, run, ...others }: ExploredRunRequest): Promise<ExploredRun> {
  await loadManifest(run, { kinds: 'any' });
  const [first] = await new ExploredRuns({ paths: [run], recipe: async () => recipe, ...others }).list();
  return first!;
}
