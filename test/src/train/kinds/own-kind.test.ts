import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkManifest,
  defineKind,
  InputError,
  load,
  loadManifest,
  loadTrainable,
  parseManifest,
  RunFolderError,
  type StandardSchema,
} from '@onnx-forge/infer';
import {
  drawFigures,
  evaluateRun,
  graphsOf,
  type Recipe,
  readLog,
  type Tensors,
  TrainError,
  type TrainResult,
  tf,
  train,
  useBackend,
  verifyRun,
} from '@onnx-forge/train';
import type { GraphCode } from '@onnx-forge/train/kinds';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { assert } from 'chai';
import { rejection } from '../../infer/rejection.js';
import { complaints, eachOf } from '../cli/onnx-forge.js';
import { lineData, lineRecipe, lineRecipeOf, Regressor, type RegressorServe, regressor } from './regressor.js';

const request = { recipe: lineRecipe, data: lineData(), device: 'cpu', figures: false, evaluate: false } as const;

describe('a kind of model from outside the packages', () => {
  let folder: string;
  let out: string;
  let result: TrainResult;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-test-'));
    out = join(folder, 'run');
    result = await train({ ...request, out, saveStep: true, evaluate: true, figures: true });
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('is trained, evaluated, drawn and verified', async () => {
    assert.equal(result.kind, 'regressor');
    const [squaredError] = result.measurements;
    assert.include(squaredError, { name: 'squaredError', unit: 'm^2', examples: 16 });
    assert.isBelow(squaredError!.value, 1e-4);
    assert.isBelow(result.metrics.squaredError!, 1e-4, 'by validation');
    assert.deepEqual((await readdir(join(out, 'figures'))).sort(), ['predictions.png', 'predictions.svg']);
    const [again] = await evaluateRun({ ...request, run: out });
    assert.equal(again!.value, squaredError!.value);
    assert.lengthOf(await drawFigures({ ...request, run: out }), 1);
    const [verified] = await verifyRun({ recipe: lineRecipe, run: out });
    assert.equal(verified!.graph, 'predict');
  });

  it('is measured in training as at its end: validation, what is watched, evaluation', async () => {
    const lines = (await readLog(join(out, 'metrics.jsonl'))).filter(({ kind }) => kind === 'validation');
    assert.deepEqual(
      lines.map(({ epoch }) => epoch),
      Array.from({ length: 41 }, (_, epoch) => epoch),
    );
    const [before, after] = [lines[0]!.metrics, lines.at(-1)!.metrics];
    assert.hasAllKeys(before, ['squaredError', 'largestError', 'atZero']);
    assert.equal(before.atZero, 0, 'a bias begins at 0');
    assert.approximately(after.atZero!, 1, 0.05);
    assert.isAbove(before.squaredError!, 1000 * after.squaredError!);
    assert.isAtLeast(after.largestError! ** 2, after.squaredError!);
    await cp(out, join(folder, 'measured'), { recursive: true });
    const [measured] = await evaluateRun({ ...request, run: join(folder, 'measured'), split: 'validation' });
    assert.include(measured, { split: 'validation', examples: 8, unit: 'm^2' });
    assert.equal(measured!.value, after.squaredError);
  });

  it('is loaded, and gives the numbers of the trained weights', async () => {
    await using model = await load(out, { device: 'cpu', kinds: [regressor] });
    assert(model.kind === 'regressor');
    assert.instanceOf(model, Regressor);
    const { state } = (await loadCheckpoint(out))!;
    const [weights, [bias]] = [state['line/0/kernel']!.data, state['line/0/bias']!.data];
    const points = [
      [1, 0],
      [0.25, -3],
    ] as const;
    const y = await model.predict(points);
    for (const [row, [a, b]] of points.entries()) {
      assert.approximately(y[row]!, weights[0]! * a + weights[1]! * b + bias!, 1e-5);
      assert.approximately(y[row]!, 3 * a - 2 * b + 1, 0.05);
    }
    assert.match((await rejection(InputError, model.predict([[1, 2, 3]]))).message, /x: row 0 must have 2 elements/);
  });

  it('goes on with its training in infer', async () => {
    await using session = await loadTrainable(out, { device: 'cpu', kinds: [regressor] });
    await session.step({ x: new Float32Array(32).fill(1), y: new Float32Array(16).fill(2) });
    await using model = await session.model();
    assert(model.kind === 'regressor');
    assert.lengthOf(await model.predict([[1, 1]]), 1);
  });

  it('that nobody was told of is refused in one line that names those known; what needs no kind reads the run', async () => {
    for (const call of [load, loadManifest, loadTrainable]) {
      const { code, message } = await rejection(RunFolderError, call(out));
      assert.equal(code, 'manifest-invalid');
      assert.match(message, /is not valid: kind: [^\n]*'latent' \| 'generator'[^\n]*'language-model'$/);
    }
    const { message } = await rejection(RunFolderError, evaluateRun({ ...request, recipe: untold, run: out }));
    assert.match(message, /is not valid: kind: /);
    const text = await readFile(join(out, 'manifest.json'), 'utf8');
    assert.equal((await loadManifest(out, { kinds: 'any' })).kind, 'regressor');
    assert.equal(parseManifest(text, undefined, { kinds: 'any' }).kind, 'regressor');
    const manifest = parseManifest(text, undefined, { kinds: [regressor] });
    assert.deepEqual(manifest.serve as object, { features: 2, unit: 'm' });
  });

  it("has its facts checked by its own schema, and its graphs by its roles, as infer's kinds have", async () => {
    const kinds = [regressor];
    const manifest = await loadManifest(out, { kinds });
    const wrong = { ...manifest, serve: { features: 0, unit: 'm' } };
    assert.throws(() => checkManifest(wrong, 'it', { kinds }), RunFolderError, /^it is not valid: serve\.features: /);
    const spoiled = join(folder, 'spoiled');
    await cp(out, spoiled, { recursive: true });
    const wide = { ...manifest, serve: { features: 3, unit: 'm' } };
    await writeFile(join(spoiled, 'manifest.json'), JSON.stringify(wide));
    const { message } = await rejection(RunFolderError, load(spoiled, { device: 'cpu', kinds }));
    assert.match(message, /'predict' of the regressor model must have x float32 \[batch, 3\]; .* float32 \[batch, 2\]/);
  });

  it('may have a schema of any library, or of none, which must check at once', async () => {
    const kindWith = (validate: StandardSchema<RegressorServe>['~standard']['validate']) =>
      defineKind({ ...regressor, serve: { '~standard': { version: 1, vendor: 'by hand', validate } } });
    const manifest = await loadManifest(out, { kinds: [regressor] });
    const check = async (validate: Parameters<typeof kindWith>[0]) =>
      checkManifest(manifest, 'it', { kinds: [kindWith(validate)] });
    assert.deepEqual((await check(() => ({ value: { features: 2, unit: 'cm' } }))).serve, { features: 2, unit: 'cm' });
    const issues = [{ message: 'too few', path: ['features', { key: 0 }] }, { message: 'no unit' }];
    const { message, data } = await rejection(
      RunFolderError,
      check(() => ({ issues })),
    );
    assert.equal(message, 'it is not valid: serve.features[0]: too few');
    assert.nestedPropertyVal(data, 'issues.1.path[0]', 'serve');
    const late = await rejection(
      InputError,
      check(async () => ({ issues })),
    );
    assert.equal(late.message, "the schema of the kind 'regressor' gives a promise: it must check at once");
  });

  it('is refused in one line when a part is missing or the name is taken', () => {
    const parts = { ...regressor };
    const refusals: [object, RegExp][] = [
      [{ ...parts, kind: 'Line' }, /made of a-z, 0-9 and '-', not 'Line'$/],
      [{ ...parts, kind: undefined }, /not undefined$/],
      [{ ...parts, kind: 'latent' }, /^there are two kinds of model 'latent'/],
      [{ ...parts, serve: { parse: () => ({}) } }, /'regressor' needs a schema of its facts/],
      [{ ...parts, create: undefined }, /'regressor' needs the functions roles and create$/],
    ];
    for (const [kind, message] of refusals)
      assert.throws(() => defineKind(kind as typeof regressor), InputError, message);
  });

  it('must be among the kinds of its recipe', async () => {
    const { code, message } = await rejection(
      TrainError,
      train({ ...request, recipe: untold, out: join(folder, 'untold') }),
    );
    assert.equal(code, 'recipe-invalid');
    assert.equal(
      message,
      "recipe 'line' serves the kind 'regressor', which is not among its kinds: add it (kinds: [...])",
    );
  });

  it('is known to the commands by its recipe; those that use no model need none', async () => {
    await writeFile(
      join(folder, 'line.mjs'),
      `export { lineRecipe as default } from ${JSON.stringify(new URL('./regressor.js', import.meta.url).pathname)};`,
    );
    const table = 'table run --metric squaredError --rows batchSize';
    const lines = ['verify run --recipe ./line.mjs', 'export run -o served', table, 'verify run', 'sample run'];
    const [verified, exported, tabled, without, sampled] = await eachOf(lines, folder);
    assert.deepEqual([verified!.code, exported!.code, tabled!.code], [0, 0, 0], verified!.stderr);
    assert.include(verified!.stdout, 'predict');
    await using model = await load(join(folder, 'served'), { device: 'cpu', kinds: [regressor] });
    assert.equal(model.kind, 'regressor');
    assert.match(complaints(without!)[0]!, /recipe 'line', which is not installed; name its file by --recipe/);
    assert.match(complaints(sampled!)[0]!, /is not valid: kind: .*'latent'/);
  });
});

describe('graphsOf', () => {
  before(() => useBackend('cpu'));

  const serve = { features: 2, unit: 'm' };
  const graph = (predict: GraphCode) => graphsOf(regressor, { serve }, { predict }).predict!;
  const x = () => tf.ones([5, 2]);

  it("has the inputs of the kind's roles, for infer's kinds by their names", () => {
    assert.deepEqual(graph(() => ({})).inputs, { x: ['batch', 2] });
    const serve = { classes: ['a', 'b'], tokeniser: 'words', vocabulary: 'v', vocabularySize: 9, maxLength: 3 };
    const { classify } = graphsOf('text-classifier', { serve }, { classify: () => ({}) });
    assert.deepEqual(classify!.inputs, { tokens: { shape: ['batch', 'length'], dtype: 'int32', below: 9 } });
  });

  it('refuses a graph that is missing, and one that the kind has not', () => {
    const none = () => graphsOf(regressor, { serve }, {});
    assert.throws(
      none,
      TrainError,
      /^a model of kind 'regressor' needs the code of its graph 'predict'; its graphs: predict$/,
    );
    const other = () => graphsOf(regressor, { serve }, { predict: () => ({}), constructor: () => ({}) });
    assert.throws(other, TrainError, /has no graph 'constructor'/);
  });

  it('refuses outputs that are missing, or of another type, rank or size: a free size is that of the inputs', () =>
    tf.tidy(() => {
      const made: [Tensors, string][] = [
        [{}, 'missing'],
        [{ y: tf.ones([5], 'int32') }, 'int32 [5]'],
        [{ y: tf.ones([5, 1]) }, 'float32 [5, 1]'],
        [{ y: tf.ones([2]) }, 'float32 [2]'],
      ];
      for (const [outputs, found] of made) {
        const message = `graph 'predict': its output 'y' must be float32 [batch]; the recipe's is ${found}`;
        assert.throws(() => graph(() => outputs).run({ x: x() }), TrainError, message);
      }
      const more = { y: tf.ones([5]), spread: tf.ones([1]) };
      assert.equal(graph(() => more).run({ x: x() }), more);
    }));
});

/** The recipe as its author might forget to write it. */
const untold: Recipe = lineRecipeOf([]);
