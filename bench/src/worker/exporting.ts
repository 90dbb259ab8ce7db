import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@onnx-forge/infer';
import { tf, useBackend } from '@onnx-forge/train';
import { dataFacts } from '@onnx-forge/train/data';
import { seededInitializers } from '@onnx-forge/train/layers';
import { exportGraph } from '@onnx-forge/train/run';
import type { Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import { workloadData, workloadOptions } from '../workloads.js';
import type { SpecOf } from './protocol.js';
import { timeCalls } from './timing.js';

/** Traces every inference graph of a recipe and writes the files. */
export async function exporting({ recipe: name, out, budgetMs }: SpecOf<'export'>): Promise<Runner> {
  const recipe = await recipeNamed(name);
  await useBackend('cpu');
  const options = workloadOptions(recipe);
  const facts = dataFacts(await workloadData(recipe, options));
  const { graphs } = recipe.serves(recipe.nets(options, seededInitializers(new Random(1)), facts), options, facts);
  const id = `${name}/export`;
  let bytes = 0;
  const exportAll = async (): Promise<void> => {
    bytes = 0;
    for (const [graph, definition] of Object.entries(graphs)) {
      const written = (await exportGraph(definition)).bytes;
      await writeFile(join(out, `${graph}.onnx`), written);
      bytes += written.length;
    }
  };
  return {
    version: `tfjs ${tf.version.tfjs}`,
    threads: 1,
    async measure() {
      const { ms, slow: last } = await timeCalls(exportAll, { budgetMs, warmUpMs: 0 });
      const note = `${(bytes / 1e6).toFixed(1)} MB in ${Object.keys(graphs).join(', ')}`;
      return { values: { [id]: ms }, notes: { [id]: [note] }, last };
    },
    close: async () => {},
  };
}
