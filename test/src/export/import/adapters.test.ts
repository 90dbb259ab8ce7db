import { compileStep, exportOnnx, tf } from '@onnx-forge/export';
import { importModel, importWithAdapters, OnnxImportError, saveAdapters } from '@onnx-forge/export/import';
import { openSession, Random } from '@onnx-forge/infer';
import { assert } from 'chai';
import onnxProto from 'onnx-proto';
import { attributeOf, encode, fed, portOf, tensorOf, weight } from './onnx-file.js';

const node = (opType: string, name: string, input: string[], output: string[], attribute: unknown[] = []) => ({
  opType,
  name,
  input,
  output,
  attribute: attribute as ReturnType<typeof attributeOf>[],
});

/** A 1 x 1 convolution [out, in], a MatMul [in, out], one by way of a transposition, and a Gemm [out, in]; all without symmetry. */
function mixed(): Uint8Array {
  return encode({
    nodes: [
      node('Conv', 'conv', ['x', 'conv.weight'], ['c']),
      node('GlobalAveragePool', 'pool', ['c'], ['p']),
      node('Flatten', 'flat', ['p'], ['f']),
      node('MatMul', 'first', ['f', 'first.weight'], ['h']),
      node('Tanh', 'tanh', ['h'], ['a']),
      node('Transpose', 'turn', ['second.weight'], ['t'], [attributeOf('perm', [1, 0])]),
      node('MatMul', 'second', ['a', 't'], ['b']),
      node('Gemm', 'head', ['b', 'head.weight', 'head.bias'], ['y'], [attributeOf('transB', 1)]),
    ],
    initializers: [
      tensorOf('conv.weight', weight([4, 3, 1, 1])),
      tensorOf('first.weight', weight([4, 6])),
      tensorOf('second.weight', weight([5, 6])),
      tensorOf('head.weight', weight([2, 5])),
      tensorOf('head.bias', weight([2])),
    ],
    inputs: [portOf('x', 'float32', ['batch', 3, 4, 4])],
    outputs: [portOf('y', 'float32', ['batch', 2])],
  });
}

const MATRICES = ['conv.weight', 'first.weight', 'second.weight', 'head.weight'];
const images = (n: number): Float32Array => Float32Array.from(fed([n, 3, 4, 4]).values);

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.instanceOf(error, OnnxImportError);
    assert.notInclude((error as Error).message, '\n');
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

/** Gives the factors B, which are zero at first, numbers. */
function fillAdapters(model: ReturnType<typeof importModel>): void {
  for (const [name, variable] of model.variables) {
    if (name.endsWith('.lora_B')) variable.assign(tf.tensor(fed(variable.shape).values, variable.shape));
  }
}

async function outputsOf(bytes: Uint8Array, x: Float32Array): Promise<Float32Array> {
  const session = await openSession(bytes, { device: 'cpu' });
  const { y } = await session.run({ x: { type: 'float32', data: x, dims: [x.length / 48, 3, 4, 4] } });
  await session.dispose();
  return y!.data as Float32Array;
}

describe('importing ONNX: adapters', () => {
  const options = { lora: { rank: 2, alpha: 3 }, trainable: '*.weight' };

  it('leave the model as it is at first', () => {
    const x = tf.tensor(images(2), [2, 3, 4, 4]);
    const plain = importModel(mixed()).call({ x }).y!.dataSync();
    assert.deepEqual([...importModel(mixed(), options).call({ x }).y!.dataSync()], [...plain]);
  });

  it('are all that a compiled step moves, but for a new head', async () => {
    const model = importModel(mixed(), { ...options, head: { classes: 3, random: new Random(5) } });
    const adam = tf.train.adam(0.1);
    const before = new Map([...model.variables].map(([name, variable]) => [name, [...variable.dataSync()]]));
    const step = await compileStep(
      {
        inputs: { x: { shape: [4, 3, 4, 4] } },
        step: ({ x }) => ({
          loss: adam.minimize(() => model.call({ x: x! }).y!.square().mean() as tf.Scalar, true, [...model.trainable])!,
        }),
      },
      { device: 'cpu', random: new Random(1), nameOf: model.nameOf },
    );
    for (let i = 0; i < 3; i++) await step.run('step', { x: images(4) });
    await step.writeBack();
    await step.dispose();
    const moved = [...model.variables].flatMap(([name, variable]) => {
      return `${[...variable.dataSync()]}` === `${before.get(name)}` ? [] : [name];
    });
    const adapted = ['conv.weight', 'first.weight', 'second.weight'].flatMap((name) => [
      `${name}.lora_A`,
      `${name}.lora_B`,
    ]);
    assert.sameMembers(moved, [...adapted, 'head.weight', 'head.bias']);
    const { weights } = model.report;
    assert.deepInclude(
      weights.find(({ name }) => name === 'first.weight'),
      { trainable: false, frozen: 'adapted' },
    );
  });

  it('have the gradients of finite differences', () => {
    const model = importModel(mixed(), options);
    fillAdapters(model);
    const x = tf.tensor(images(3), [3, 3, 4, 4]);
    const factors = tf.tensor(fed([3, 2]).values, [3, 2]);
    const loss = () => model.call({ x }).y!.mul(factors).sum() as tf.Scalar;
    const { grads } = tf.variableGrads(loss, [...model.trainable]);
    const h = 1e-2;
    for (const variable of model.trainable) {
      const gradient = grads[variable.name]!.dataSync();
      const numbers = Float64Array.from(variable.dataSync());
      for (const at of [0, numbers.length - 1]) {
        const shifted = (by: number): number => {
          const moved = Float32Array.from(numbers, (n, i) => (i === at ? n + by : n));
          variable.assign(tf.tensor(moved, variable.shape));
          return loss().dataSync()[0]!;
        };
        const difference = (shifted(h) - shifted(-h)) / (2 * h);
        variable.assign(tf.tensor(Float32Array.from(numbers), variable.shape));
        assert.closeTo(
          gradient[at]!,
          difference,
          2e-3 * Math.max(1, Math.abs(difference)),
          `${model.nameOf(variable)} ${at}`,
        );
      }
    }
  });

  it('are merged when the model is exported: W + alpha / rank B A, under the names of the weights', async () => {
    const model = importModel(mixed(), options);
    fillAdapters(model);
    const x = images(5);
    const unmerged = model.call({ x: tf.tensor(x, [5, 3, 4, 4]) }).y!.dataSync();
    const { bytes } = exportOnnx(model.run, { inputs: model.inputs }, { nameOf: model.nameOf });
    const merged = await outputsOf(bytes, x);
    for (const [i, y] of merged.entries()) assert.closeTo(y, unmerged[i]!, 1e-6 * Math.max(1, Math.abs(y)));
    const { graph } = onnxProto.onnx.ModelProto.decode(bytes);
    const names = graph!.initializer!.map(({ name }) => name!);
    assert.includeMembers(names, MATRICES);
    assert.isEmpty(names.filter((name) => name.includes('lora')));
    // Against products of the file's own numbers, in double precision.
    const again = importModel(bytes).variables;
    const [w, a, b] = ['first.weight', 'first.weight.lora_A', 'first.weight.lora_B'].map(
      (name) => model.variables.get(name)!,
    );
    const numbers = again.get('first.weight')!.dataSync();
    const [ws, as, bs] = [w!, a!, b!].map((variable) => variable.dataSync());
    for (let i = 0; i < 4; i++) {
      for (let o = 0; o < 6; o++) {
        const sum = bs![o * 2]! * as![i]! + bs![o * 2 + 1]! * as![4 + i]!;
        assert.closeTo(numbers[i * 6 + o]!, ws![i * 6 + o]! + 1.5 * sum, 1e-6);
      }
    }
  });

  it('refuse ranks that are none, that are too large, and patterns without a matrix', () => {
    for (const rank of [0, -1, 1.5])
      assert.match(
        refusal(() => importModel(mixed(), { lora: { rank } })),
        /the rank of adapters/,
      );
    assert.match(
      refusal(() => importModel(mixed(), { lora: { rank: 2, alpha: 0 } })),
      /alpha/,
    );
    assert.match(
      refusal(() => importModel(mixed(), { lora: { rank: 3 } })),
      /'head.weight' \(\[2,5\]\) has a rank of at most 2, not 3/,
    );
    assert.match(
      refusal(() => importModel(mixed(), { lora: { rank: 1 }, trainable: '*.bias' })),
      /there is none; such are conv\.weight/,
    );
  });

  it('are saved as a small file that only their own ONNX file takes', async () => {
    const files = { bytes: mixed(), external: {} };
    const model = importModel(files.bytes, { ...options, head: { classes: 3 } });
    fillAdapters(model);
    const x = tf.tensor(images(2), [2, 3, 4, 4]);
    const expected = [...model.call({ x }).y!.dataSync()];
    const saved = await saveAdapters(model, files);
    const again = await importWithAdapters(files, saved);
    assert.deepEqual([...again.call({ x }).y!.dataSync()], expected);
    assert.equal(again.trainable.length, model.trainable.length);
    const reason = async (run: Promise<unknown>): Promise<string> =>
      run.then(
        () => 'taken',
        (error: Error) => error.message,
      );
    const other = Uint8Array.of(...files.bytes);
    other[other.length - 40]! ^= 1;
    assert.match(
      await reason(importWithAdapters({ bytes: other, external: {} }, saved)),
      /belong to another ONNX file/,
    );
    assert.match(
      await reason(importWithAdapters(files, saved.subarray(0, saved.length - 4))),
      /no file of adapters: it ends within/,
    );
    assert.match(await reason(importWithAdapters(files, files.bytes)), /no file of adapters/);
    assert.match(await reason(saveAdapters(importModel(files.bytes), files)), /no adapters to save/);
  });
});

describe('importing ONNX: a new head', () => {
  it('takes the place of the last linear layer, before a softmax or not', () => {
    const model = importModel(mixed(), { head: { classes: 7, random: new Random(3) }, trainable: 'head.*' });
    assert.deepEqual(model.variables.get('head.weight')!.shape, [7, 5]);
    assert.deepEqual([...model.variables.get('head.bias')!.dataSync()], new Array(7).fill(0));
    assert.deepEqual(model.head, {
      ...{ weight: 'head.weight', bias: 'head.bias', features: 'b', logits: 'y', inputs: 5, classes: 7 },
    });
    assert.deepEqual(model.outputShapes.y, ['batch', 7]);
    const bound = 1 / Math.sqrt(5);
    const numbers = [...model.variables.get('head.weight')!.dataSync()];
    assert.isTrue(numbers.every((n) => Math.abs(n) <= bound) && new Set(numbers).size === 35);
    assert.deepEqual(model.call({ x: tf.tensor(images(2), [2, 3, 4, 4]) }).y!.shape, [2, 7]);
  });

  it('is refused where there is no such layer', () => {
    const bytes = encode({
      nodes: [node('Relu', 'relu', ['x'], ['y'])],
      inputs: [portOf('x', 'float32', ['batch', 3])],
      outputs: [portOf('y', 'float32', ['batch', 3])],
    });
    assert.match(
      refusal(() => importModel(bytes, { head: { classes: 2 } })),
      /its head can't be replaced/,
    );
    assert.match(
      refusal(() => importModel(mixed(), { head: { classes: 0 } })),
      /whole number of classes/,
    );
  });
});
