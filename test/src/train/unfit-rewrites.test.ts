import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stepModels } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { dataFacts } from '@onnx-forge/train/data';
import { seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { assert } from 'chai';
import { UNFIT_REWRITES } from '../../../packages/infer/dist/training/unfit-rewrites.js';
import { bindStep } from '../../../packages/train/dist/engine/step.js';
import { EmbeddedSets } from './embedded.js';

const NAMES = ['transformer', 'text-cnn', 'dcgan', 'seq2seq'] satisfies RecipeName[];

const infer = createRequire(import.meta.resolve('@onnx-forge/infer'));
const { InferenceSession } = infer('onnxruntime-node') as {
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ release(): Promise<void> }>;
  };
};

describe("onnxruntime's rewrites that fit no step", () => {
  const sets = new EmbeddedSets();
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rewrites-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The graph that onnxruntime runs in place of this one, as bytes. */
  async function optimised(model: Uint8Array, without: readonly string[]): Promise<Buffer> {
    const file = join(folder, 'optimised.onnx');
    const session = await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      logSeverityLevel: 4,
      optimizedModelFilePath: file,
      extra: { optimization: { disable_specified_optimizers: without.join(';') } },
    });
    await session.release();
    return readFileSync(file);
  }

  for (const name of NAMES) {
    it(`change nothing in the steps of ${name}, others do`, async () => {
      const recipe = (await recipes[name]()).default;
      const options = recipeOptions(recipe, { set: { batchSize: 4 } });
      const facts = dataFacts(await recipeData(recipe, { data: await sets.of(recipe), options }));
      const nets = recipe.nets(options, seededInitializers(new Random(1)), facts);
      const inputs = Object.fromEntries(
        Object.entries(recipe.batch(options)).map(([field, { shape, dtype = 'float32' }]) => {
          return [field, { shape: [4, ...shape], dtype }] as const;
        }),
      );
      const steps = Object.entries(recipe.steps).map(
        ([key, step]) => [key, bindStep(key, step, { nets, options })] as const,
      );
      const definitions = Object.fromEntries(steps.map(([key, { run }]) => [key, { inputs, step: run }]));
      for (const [key, { bytes }] of Object.entries(stepModels(definitions))) {
        const all = await optimised(bytes, []);
        assert.isTrue(all.equals(await optimised(bytes, UNFIT_REWRITES)), key);
        assert.isFalse(
          all.equals(await optimised(bytes, ['MatMulScaleFusion', 'ConstantFolding', 'TransposeOptimizer'])),
          key,
        );
      }
      for (const [, bound] of steps) bound.dispose();
      for (const net of Object.values(nets)) net.dispose();
    });
  }
});
