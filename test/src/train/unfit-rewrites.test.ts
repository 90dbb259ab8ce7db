import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stepModels } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { dataFacts } from '@onnx-forge/train/data';
import { seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { assert } from 'chai';
import onnxProto from 'onnx-proto';
import { UNFIT_REWRITES } from '../../../packages/infer/dist/training/unfit-rewrites.js';
import { bindStep } from '../../../packages/train/dist/engine/step.js';
import { skip } from '../mocha/skip.js';
import { EmbeddedSets } from './embedded.js';

const NAMES = ['transformer', 'text-cnn', 'dcgan', 'seq2seq'] satisfies RecipeName[];

const infer = createRequire(import.meta.resolve('@onnx-forge/infer'));
const { InferenceSession } = infer('onnxruntime-node') as {
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ release(): Promise<void> }>;
  };
};

/** A graph's nodes and numbers. Of the same graph onnxruntime gives two nodes that it adds now these names, now the other's. */
function withoutNames(model: Uint8Array): string {
  const { node, initializer } = onnxProto.onnx.ModelProto.decode(model).graph!;
  const numbers = new Map<string, number>();
  const numbered = (names: readonly string[]): number[] =>
    names.map((name) => numbers.get(name) ?? numbers.set(name, numbers.size).get(name)!);
  const nodes = node!.map(({ opType, domain, attribute, input, output }) => {
    return [opType, domain, attribute, numbered(input!), numbered(output!)];
  });
  const tensors = initializer!.map(({ name, ...tensor }) => [numbered([name!]), tensor] as const);
  return JSON.stringify([nodes, tensors.toSorted(([[one]], [[other]]) => one! - other!)]);
}

describe("onnxruntime's rewrites that fit no step", () => {
  const sets = new EmbeddedSets();
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'rewrites-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The graph that onnxruntime runs in place of this one. */
  async function optimised(model: Uint8Array, without: readonly string[]): Promise<string> {
    const file = join(folder, 'optimised.onnx');
    const session = await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      logSeverityLevel: 4,
      optimizedModelFilePath: file,
      extra: { optimization: { disable_specified_optimizers: without.join(';') } },
    });
    await session.release();
    return withoutNames(readFileSync(file));
  }

  it('have names that onnxruntime knows', async function () {
    // A misspelt one would be passed over without a word. Short names are not in the library as text, but classes have theirs.
    const folder = dirname(infer.resolve('onnxruntime-node/package.json'));
    const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
      (name) => name.includes(`${process.platform}/${process.arch}/`) && name.includes('libonnxruntime.so'),
    );
    if (file === undefined) return skip(this, `onnxruntime-node has no libonnxruntime.so for ${process.platform}`);
    const library = readFileSync(join(folder, file), 'latin1');
    const isKnown = (name: string) =>
      library.includes(`11onnxruntime${name.length}${name}E\0`) || library.includes(`\0${name}\0`);
    assert.deepEqual(
      UNFIT_REWRITES.filter((name) => !isKnown(name)),
      [],
    );
    assert.isFalse(isKnown('AttentionFusions'));
  });

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
        assert.isTrue(all === (await optimised(bytes, UNFIT_REWRITES)), key);
        const others = ['MatMulScaleFusion', 'ConstantFolding', 'TransposeOptimizer'];
        assert.isFalse(all === (await optimised(bytes, others)), key);
      }
      for (const [, bound] of steps) bound.dispose();
      for (const net of Object.values(nets)) net.dispose();
    });
  }
});
