import { createHash } from 'node:crypto';
import { exportOnnx } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { useBackend } from '@onnx-forge/train';
import { dataFacts } from '@onnx-forge/train/data';
import { CompiledEngine } from '@onnx-forge/train/engine';
import { seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';

/**
 * Prints the sha256 of exported graphs, one a line: inference graphs and training steps of recipes as they are before training.
 * The lines must be the same on every processor. Arguments: names of recipes.
 */
await useBackend('cpu');
for (const name of process.argv.slice(2) as RecipeName[]) {
  const recipe = (await recipes[name]()).default;
  const options = recipeOptions(recipe, { set: { batchSize: 4 } });
  const facts = dataFacts(await recipeData(recipe, { data: 'embedded', options }));
  const nets = recipe.nets(options, seededInitializers(new Random(1)), facts);
  for (const [graph, { inputs, run }] of Object.entries(recipe.serves(nets, options, facts).graphs)) {
    const signature = Object.entries(inputs).map(([input, type]) => {
      return [input, 'dtype' in type ? { shape: type.shape, dtype: type.dtype } : { shape: type }] as const;
    });
    const { bytes } = exportOnnx(
      (tensors) => ({ ...run(tensors) }),
      { inputs: Object.fromEntries(signature) },
      { traces: 'few' },
    );
    print(`${name}/${graph}`, bytes);
  }
  const engine = await CompiledEngine.compile(
    { recipe, nets, options, random: new Random(1) },
    { batchSize: 4, device: 'cpu' },
  );
  for (const [step, { bytes }] of Object.entries(engine.portableSteps())) print(`${name}/step-${step}`, bytes);
  await engine.dispose();
}

function print(graph: string, bytes: Uint8Array): void {
  console.log(`${graph} ${createHash('sha256').update(bytes).digest('hex')}`);
}
