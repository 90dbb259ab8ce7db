import { openDevice, Random, type Tensor } from '@onnx-forge/infer';
import { useBackend } from '@onnx-forge/train';
import type { Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import { number } from '../report/table.js';
import { workloadOptions } from '../workloads.js';
import { productGraph } from './product-graph.js';
import type { SpecOf } from './protocol.js';
import { openSteps } from './steps.js';
import { timesOf } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/** Rows, columns and depth of a product that keeps every thread busy and is too large for overheads to show. */
const SIZE = 768;

/**
 * The least that a recipe's steps can take: the multiply-adds of their products and convolutions at the pace of the fastest of
 * several large products of matrices by the same library, with the same threads.
 */
export async function floor({ recipe: name, threads, budgetMs, clock: by }: SpecOf<'floor'>): Promise<Runner> {
  const recipe = await recipeNamed(name);
  await useBackend('cpu');
  const steps = await openSteps(recipe, true, threads, workloadOptions(recipe).batchSize);
  const counted = steps.multiplyAdds();
  await steps.dispose();
  const device = await openDevice({ device: 'cpu', threads });
  const product = await device.open(productGraph(SIZE), { name: 'product' });
  const random = new Random(1);
  const matrix = (): Tensor => {
    const data = new Float32Array(SIZE * SIZE);
    random.fillNormal(data);
    return { type: 'float32', dims: [SIZE, SIZE], data };
  };
  const feeds = { a: matrix(), b: matrix() };
  return {
    version: onnxruntimeVersion(),
    threads,
    async measure() {
      const times = await timesOf(() => product.run(feeds), { budgetMs, warmUpMs: 200, least: 5, clock: by });
      const perSecond = (1000 * SIZE ** 3) / Math.min(...times);
      const rows = Object.entries(counted).map(([step, count]) => [`${name}/step/${step}`, count] as const);
      return {
        values: Object.fromEntries(rows.map(([id, count]) => [id, (1000 * count) / perSecond])),
        notes: Object.fromEntries(
          rows.map(([id, count]) => [
            id,
            [`${number(count / 1e6)} million multiply-adds at ${number((2 * perSecond) / 1e9)} GFLOP/s`],
          ]),
        ),
      };
    },
    async close() {
      await product.dispose();
      await device.dispose();
    },
  };
}
