import { type Dialect, tf } from '@onnx-forge/export';
import { openSession, Random, sizeOf, type Tensor } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { dataFacts } from '@onnx-forge/train/data';
import { seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { assert } from 'chai';
import { binary, fill, input, op, reshape } from '../../../packages/export/dist/graph/build.js';
import { exactSigmoids } from '../../../packages/export/dist/graph/exact-sigmoids.js';
import { topologicalOrder, type Value } from '../../../packages/export/dist/graph/value.js';
import { encodeModel } from '../../../packages/export/dist/onnx/writer.js';
import { AFTER_LAYOUT, BEFORE_LAYOUT } from '../../../packages/export/dist/simplify/phases.js';
import { rewrite } from '../../../packages/export/dist/simplify/rewrite.js';
import type { RewriteRule } from '../../../packages/export/dist/simplify/rule.js';
import { simplify } from '../../../packages/export/dist/simplify/simplify.js';
import { CompiledOptimizers } from '../../../packages/export/dist/step/optimizers.js';
import { assigned, traceStep, withoutValues } from '../../../packages/export/dist/step/trace-step.js';
import { bindStep } from '../../../packages/train/dist/engine/step.js';
import { EmbeddedSets } from '../train/embedded.js';
import { expression } from './expression.js';

const PHASES = [...BEFORE_LAYOUT, ...AFTER_LAYOUT];
const RULES: readonly RewriteRule[] = PHASES.flatMap(({ rules }) => rules);

/** The numbers of the values in onnxruntime, for seeded inputs. */
async function computed(outputs: readonly Value[]): Promise<Float32Array[]> {
  const values = new Set(topologicalOrder(outputs).flatMap(({ inputs }) => inputs));
  const inputs = [...values].flatMap((value) =>
    value?.source.kind === 'input' ? [{ name: value.source.name, value }] : [],
  );
  const ports = outputs.map((value, i) => ({ name: `output_${i}`, value }));
  await using session = await openSession(encodeModel({ name: 'case', inputs, outputs: ports }), { device: 'cpu' });
  const feeds = inputs.map(({ name, value: { shape, size } }): [string, Tensor] => {
    // Seeded by the name: some inputs are not needed any more afterwards. Nothing near 0, which a case may divide by.
    const random = new Random(name.charCodeAt(0));
    const data = Float32Array.from({ length: size }, (_, i) => (i % 3 === 0 ? -1 : 1) * (0.5 + random.uniform()));
    return [name, { type: 'float32', dims: shape, data }];
  });
  const results = await session.run(Object.fromEntries(feeds));
  return ports.map(({ name }) => results[name]!.data as Float32Array);
}

describe('rewrite rules', () => {
  it('have names of their own', () => {
    assert.lengthOf(new Set(RULES.map(({ name }) => name)), RULES.length);
    assert.lengthOf(new Set(PHASES.map(({ name }) => name)), PHASES.length);
  });

  for (const rule of RULES) {
    describe(rule.name, () => {
      it('has a case that it rewrites and one that it leaves', () => {
        assert.isTrue(rule.cases.some(({ becomes }) => becomes));
        assert.isTrue(rule.cases.some(({ becomes }) => !becomes));
      });

      for (const { name, build, becomes } of rule.cases) {
        it(becomes ? `rewrites ${name}` : `leaves ${name}`, async () => {
          const outputs = build();
          const { values, passes } = rewrite(outputs, [{ name: 'alone', rules: [rule] }]);
          const fired = passes.filter((pass) => pass.fired[rule.name] !== undefined).length;
          assert.equal(fired > 0, becomes !== undefined, 'whether it fired');
          assert.deepEqual(values.map(expression), becomes ?? outputs.map(expression));
          const [before, after] = [await computed(outputs), await computed(values)];
          for (const [i, expected] of before.entries()) {
            assert.deepEqual(values[i]!.shape, outputs[i]!.shape);
            assert.lengthOf(after[i]!, sizeOf(outputs[i]!.shape));
            for (const [k, number] of expected.entries()) {
              const found = after[i]![k]!;
              const near = Math.abs(found - number) <= 1e-5 * Math.max(1, Math.abs(number));
              assert.isTrue(Object.is(found, number) || near, `output ${i}, entry ${k}: ${found}, not ${number}`);
            }
          }
        });
      }
    });
  }
});

/** The most passes in which rules of one phase fired. */
function mostPasses(outputs: readonly Value[], dialect: Dialect = {}): number {
  const { passes } = simplify(outputs, dialect);
  const firing = passes.filter(({ fired }) => Object.keys(fired).length > 0);
  return Math.max(0, ...PHASES.map(({ name }) => firing.filter(({ phase }) => phase === name).length));
}

describe('phases of rules', () => {
  const sets = new EmbeddedSets();

  after(() => tf.setBackend('cpu'));

  it('are refused as a fault when their rules undo each other', () => {
    const grow: RewriteRule = {
      name: 'grow',
      says: '',
      cases: [],
      prepare: () => (node, original) => (node.op === 'Relu' ? op('Relu', [original], 'float32', [2]) : undefined),
    };
    const outputs = [op('Relu', [input('x', 'float32', [2])], 'float32', [2])];
    assert.throws(
      () => rewrite(outputs, [{ name: 'endless', rules: [grow] }]),
      /phase endless still fire in pass 20: grow/,
    );
  });

  it('end after a few passes, however deep sums of products are nested', async () => {
    for (const depth of [1, 5, 40]) {
      const [x, c] = [input('x', 'float32', [4, 6]), input('c', 'float32', [1, 6])];
      let sum: Value = c;
      for (let i = 0; i < depth; i++) {
        const product = binary('Mul', binary('Mul', binary('Mul', x, sum), c), sum);
        sum = op('MatMul', [fill(1, 'float32', [1, 4]), reshape(product, [4, 6])], 'float32', [1, 6]);
      }
      assert.isAtMost(mostPasses([sum]), 3, `${depth} sums`);
    }
  });

  for (const name of Object.keys(recipes) as RecipeName[]) {
    it(`end after two passes on the steps of ${name}`, async () => {
      const recipe = (await recipes[name]()).default;
      const options = recipeOptions(recipe, { set: { batchSize: 4 } });
      const facts = dataFacts(await recipeData(recipe, { data: await sets.of(recipe), options }));
      const nets = recipe.nets(options, seededInitializers(new Random(1)), facts);
      const inputs = Object.fromEntries(
        Object.entries(recipe.batch(options)).map(([field, { shape, dtype = 'float32' }]) => {
          return [field, { shape: [4, ...shape], dtype }] as const;
        }),
      );
      for (const [key, step] of Object.entries(recipe.steps)) {
        const bound = bindStep(key, step, { nets, options });
        const optimizers = new CompiledOptimizers();
        const dialect = { channelBlock: 16 };
        const { trace } = withoutValues(traceStep({ inputs, step: bound.run }, optimizers, dialect));
        const outputs = [
          ...Object.values(trace.outputs),
          ...trace.variables.filter(assigned).map(({ after }) => after),
        ];
        exactSigmoids(outputs);
        assert.isAtMost(mostPasses(outputs, dialect), 2, key);
        optimizers.dispose();
        bound.dispose();
      }
      for (const net of Object.values(nets)) net.dispose();
    });
  }
});
