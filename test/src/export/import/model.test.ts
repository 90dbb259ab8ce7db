import { compileStep, tf } from '@onnx-forge/export';
import { importModel, OnnxImportError } from '@onnx-forge/export/import';
import { Random } from '@onnx-forge/infer';
import { assert } from 'chai';
import type { onnx } from 'onnx-proto';
import {
  attributeOf,
  encode,
  type FileArray,
  fed,
  fileOf,
  listed,
  numbers,
  portOf,
  tensorOf,
  weight,
} from './onnx-file.js';

const node = (
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attribute: onnx.IAttributeProto[] = [],
) => ({
  opType,
  name,
  input,
  output,
  attribute,
});

const zeros = (n: number): FileArray => listed('float32', [n], new Array<number>(n).fill(0), true);
const ones = (n: number): FileArray => listed('float32', [n], new Array<number>(n).fill(1), true);

/** A convolution and a fresh batch normalisation, whose zeros and ones the exporter stored once each. */
function merged(training = false): Uint8Array {
  const mode = training ? [attributeOf('training_mode', 1)] : [];
  const outputs = training ? ['y', 'm', 'v'] : ['y'];
  return encode({
    nodes: [
      node('Conv', 'conv', ['x', 'w'], ['h']),
      node('BatchNormalization', 'norm', ['h', 'ones', 'zeros', 'zeros', 'ones'], outputs, mode),
    ],
    initializers: [tensorOf('w', weight([3, 2, 1, 1])), tensorOf('zeros', zeros(3)), tensorOf('ones', ones(3))],
    inputs: [portOf('x', 'float32', ['batch', 2, 4, 4])],
    outputs: [{ name: 'y' }],
  });
}

function perceptron(): Uint8Array {
  return encode({
    nodes: [
      node('Gemm', 'body', ['x', 'body.weight', 'body.bias'], ['h'], [attributeOf('transB', 1)]),
      node('Relu', 'relu', ['h'], ['a']),
      node('Gemm', 'head', ['a', 'head.weight', 'head.bias'], ['y'], [attributeOf('transB', 1)]),
    ],
    initializers: [
      tensorOf('body.weight', weight([5, 4])),
      tensorOf('body.bias', weight([5])),
      tensorOf('head.weight', weight([2, 5])),
      tensorOf('head.bias', weight([2], 0, 1)),
    ],
    inputs: [portOf('x', 'float32', ['batch', 4])],
    outputs: [{ name: 'y' }],
  });
}

function refusal(run: () => unknown): OnnxImportError {
  try {
    run();
  } catch (error) {
    assert.instanceOf(error, OnnxImportError);
    assert.notInclude((error as Error).message, '\n');
    return error as OnnxImportError;
  }
  throw new Error('nothing was refused');
}

describe('importing ONNX: models', () => {
  before(() => tf.setBackend('cpu'));

  it('trains the weights that a pattern names, and leaves the others as they are', async () => {
    const model = importModel(perceptron(), { trainable: 'head.*' });
    assert.deepEqual([...model.variables.keys()], ['body.weight', 'body.bias', 'head.weight', 'head.bias']);
    assert.deepEqual(
      model.trainable.map((each) => model.nameOf(each)),
      ['head.weight', 'head.bias'],
    );
    const before = new Map([...model.variables].map(([name, each]) => [name, each.dataSync().slice()]));
    const optimizer = tf.train.adam(0.01);
    const step = await compileStep(
      {
        inputs: { x: { shape: [8, 4] }, labels: { shape: [8, 2] } },
        step: ({ x, labels }) => ({
          loss: optimizer.minimize(
            () => tf.losses.softmaxCrossEntropy(labels!, model.call({ x: x! }).y!) as tf.Scalar,
            true,
            [...model.trainable],
          )!,
        }),
      },
      { random: new Random(1), device: 'cpu', nameOf: model.nameOf },
    );
    const labels = Float32Array.from({ length: 16 }, (_, i) => (i % 4 === 0 || i % 4 === 3 ? 1 : 0));
    const x = Float32Array.from(fed([8, 4]).values);
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) losses.push(Number((await step.run('step', { x, labels })).loss));
    await step.writeBack();
    assert.isBelow(losses.at(-1)!, losses[0]!);
    for (const [name, variable] of model.variables) {
      const moved = variable.dataSync().some((value, i) => value !== before.get(name)![i]);
      assert.equal(moved, name.startsWith('head.'), name);
    }
    await step.dispose();
  });

  it('gives running statistics and parameters that were stored once each their own', () => {
    const model = importModel(merged());
    const trainable = model.trainable.map((each) => model.nameOf(each));
    assert.deepEqual(trainable, ['w', 'zeros', 'ones']);
    const statistics = model.report.weights.filter(({ frozen }) => frozen === 'statistic');
    assert.deepEqual(
      statistics.map(({ name }) => name),
      ['zeros@norm.3', 'ones@norm.4'],
    );
    const notes = model.report.notes.filter(({ kind }) => kind === 'merged');
    assert.deepEqual(
      notes.map(({ names }) => names[0]),
      ['zeros', 'ones'],
    );
    assert.match(notes[0]!.message, /'zeros' is stored once for BatchNormalization 'norm' \(input 2\), .*\(input 3\)/);
    // The mean must not move with the bias.
    const x = tf.ones([1, 2, 4, 4]);
    const before = model.call({ x }).y!;
    model.variables.get('zeros')!.assign(tf.tensor([1, 1, 1]));
    const difference = tf.sub(model.call({ x }).y!, before);
    assert.closeTo(tf.min(difference).dataSync()[0]!, 1, 1e-5);
    assert.closeTo(tf.max(difference).dataSync()[0]!, 1, 1e-5);
  });

  it('takes a node that asks a weight for its shape for no reader: nothing is merged, split or left out by it', () => {
    // As PyTorch's newer exporter writes convolutions and biases where the batch is free; equal numbers are split elsewhere.
    const file = encode({
      nodes: [
        node('Shape', 'shape', ['fc.weight'], ['size']),
        node('MatMul', 'product', ['x', 'fc.weight'], ['h']),
        node('Shape', 'length', ['fc.bias'], ['sizes']),
        node('Add', 'sum', ['h', 'fc.bias'], ['y']),
      ],
      initializers: [tensorOf('fc.weight', weight([3, 3])), tensorOf('fc.bias', zeros(3))],
      inputs: [portOf('x', 'float32', ['batch', 3])],
      outputs: [{ name: 'y' }, { name: 'size' }, { name: 'sizes' }],
    });
    for (const merged of ['auto', 'split', 'keep'] as const) {
      const model = importModel(file, { merged, trainable: 'fc.*' });
      assert.deepEqual([...model.variables.keys()], ['fc.weight', 'fc.bias'], merged);
      assert.deepEqual(model.trainable, [...model.variables.values()], merged);
      assert.deepEqual(model.report.notes, [], merged);
      const x = tf.ones([2, 3]);
      const { y, size, sizes } = model.call({ x });
      assert.deepEqual([...size!.dataSync(), ...sizes!.dataSync()], [3, 3, 3], merged);
      model.variables.get('fc.bias')!.assign(tf.ones([3]));
      assert.deepEqual([...tf.sub(model.call({ x }).y!, y!).dataSync()].map(Math.round), Array(6).fill(1), merged);
    }
    const adapted = importModel(file, { trainable: 'fc.weight', lora: { rank: 1 } });
    assert.include([...adapted.variables.keys()], 'fc.weight.lora_A');
  });

  it('splits other weights that are stored once when it is told to, and reports them and lost names', () => {
    const file = encode({
      nodes: [
        node('MatMul', 'first', ['x', 'onnx::MatMul_7'], ['h']),
        node('MatMul', 'second', ['h', 'onnx::MatMul_7'], ['y']),
      ],
      initializers: [tensorOf('onnx::MatMul_7', weight([3, 3]))],
      inputs: [portOf('x', 'float32', ['batch', 3])],
      outputs: [{ name: 'y' }],
    });
    const [tied, split] = [importModel(file), importModel(file, { merged: 'split' })];
    assert.deepEqual([...tied.variables.keys()], ['onnx::MatMul_7']);
    assert.deepEqual([...split.variables.keys()], ['onnx::MatMul_7', 'onnx::MatMul_7@second.1']);
    const messages = (model: typeof tied, kind: string) =>
      model.report.notes.filter((note) => note.kind === kind).map(({ message }) => message);
    assert.match(messages(tied, 'merged')[0]!, /one weight here.*merged: 'split'/);
    assert.match(messages(split, 'merged')[0]!, /each has its own here/);
    assert.match(messages(split, 'lost-name')[0]!, /1 weight with a name that the exporter made up/);
    const x = tf.tensor(fed([2, 3]).values as number[], [2, 3]);
    assert.deepEqual([...split.call({ x }).y!.dataSync()], [...tied.call({ x }).y!.dataSync()]);
    // The second is its own: a change of it leaves the first as it was.
    split.variables.get('onnx::MatMul_7@second.1')!.assign(tf.eye(3));
    const once = tf.matMul(x as tf.Tensor2D, tied.variables.get('onnx::MatMul_7') as tf.Tensor2D).dataSync();
    assert.deepEqual([...split.call({ x }).y!.dataSync()], [...once]);
  });

  it('takes single numbers that the exporter has named for numbers of the program, and those with names of their own for parameters', () => {
    const file = encode({
      nodes: [
        node('Mul', 'scale', ['x', 'val_80'], ['s']),
        node('Mul', 'gate', ['s', 'gate.weight'], ['g']),
        node('PRelu', 'relu', ['g', 'onnx::PRelu_7'], ['r']),
        // The bias of a layer of one channel, as Keras's files have it.
        node('Add', 'bias', ['r', 'onnx::Add_9'], ['y']),
      ],
      initializers: ['val_80', 'gate.weight', 'onnx::PRelu_7', 'onnx::Add_9'].map((name) =>
        tensorOf(name, weight([1], 0.2, 0.8)),
      ),
      inputs: [portOf('x', 'float32', ['batch', 3])],
      outputs: [{ name: 'y' }],
    });
    const model = importModel(file);
    assert.deepEqual([...model.variables.keys()], ['gate.weight', 'onnx::PRelu_7', 'onnx::Add_9']);
    const lost = model.report.notes.find(({ kind }) => kind === 'lost-name');
    assert.deepEqual(lost!.names, ['onnx::PRelu_7', 'onnx::Add_9']);
  });

  it('normalises by the batch and moves the running statistics where the file was exported for training', () => {
    const model = importModel(merged(true));
    const x = tf.tensor(fed([2, 2, 4, 4]).values as number[], [2, 2, 4, 4]);
    const y = model.call({ x }).y!;
    const { mean, variance } = tf.moments(y, [0, 2, 3]);
    for (const value of mean.dataSync()) assert.closeTo(value, 0, 1e-5);
    for (const value of variance.dataSync()) assert.closeTo(value, 1, 1e-3);
    const running = model.variables.get('zeros@norm.3')!.dataSync();
    assert.isTrue(running.some((value) => value !== 0));
    assert.include(
      model.report.notes.map(({ message }) => message).join(),
      "1 batch normalisation with each batch's own",
    );
  });

  it('follows sizes through Shape, Gather and Concat at any batch', () => {
    const bytes = encode({
      nodes: [
        node('Shape', 'shape', ['x'], ['s']),
        node('Gather', 'first', ['s', 'zero'], ['n']),
        node('Concat', 'sizes', ['n', 'rest'], ['to'], [attributeOf('axis', 0)]),
        node('Reshape', 'reshape', ['x', 'to'], ['y']),
      ],
      initializers: [tensorOf('zero', numbers(0)), tensorOf('rest', numbers(-1))],
      inputs: [portOf('x', 'float32', ['batch', 2, 3])],
      outputs: [{ name: 'y' }],
    });
    const model = importModel(bytes);
    assert.deepEqual(model.call({ x: tf.zeros([5, 2, 3]) }).y!.shape, [5, 6]);
    assert.deepEqual(model.inputs, { x: { shape: ['batch', 2, 3], dtype: 'float32' } });
  });

  it('takes the branch of an If that sizes choose, and refuses one that the graph computes', () => {
    const branch = (op: string): onnx.IAttributeProto['g'] => ({
      name: op,
      node: [node(op, op, ['x'], [`${op}_out`])],
      output: [{ name: `${op}_out` }],
    });
    const attribute = [
      { name: 'then_branch', type: 5, g: branch('Neg')! },
      { name: 'else_branch', type: 5, g: branch('Exp')! },
    ];
    const file = (condition: onnx.INodeProto[], initializers: onnx.ITensorProto[]): Uint8Array =>
      encode({
        nodes: [...condition, node('If', 'choose', ['c'], ['y'], attribute)],
        initializers,
        inputs: [portOf('x', 'float32', [3])],
        outputs: [{ name: 'y' }],
      });
    const constant = importModel(file([], [tensorOf('c', listed('bool', [], [1], true))]));
    assert.deepEqual(Array.from(constant.call({ x: tf.tensor([1, 2, 3]) }).y!.dataSync()), [-1, -2, -3]);
    const sum = [node('ReduceSum', 'sum', ['x'], ['s']), node('Greater', 'above', ['s', 'zero'], ['c'])];
    const computed = importModel(file(sum, [tensorOf('zero', listed('float32', [], [0], true))]));
    assert.include(
      refusal(() => computed.call({ x: tf.ones([3]) })).message,
      "If 'choose' depends on what the graph computes",
    );
  });
});

describe('importing ONNX: running products', () => {
  // onnxruntime has no CumProd yet: against products of numbers.
  const start = [2, -1, 0.25, 3, 0.5, 4];
  const before = (row: number[]): number[] => row.map((_, i) => row.slice(0, i).reduce((product, n) => product * n, 1));
  for (const [what, attributes, of] of [
    ['', {}, (row: number[]) => before(row).map((n, i) => n * row[i]!)],
    ['without itself', { exclusive: 1 }, before],
    [
      'backwards, without itself',
      { exclusive: 1, reverse: 1 },
      (row: number[]) => before([...row].reverse()).reverse(),
    ],
  ] as const) {
    it(`of each number ${what}, with gradients of finite differences`, () => {
      const file = fileOf({
        op: 'CumProd',
        opset: 26,
        inputs: [fed([2, 3]), { ...numbers(1), shape: [] }],
        attributes,
      });
      const y = (values: ArrayLike<number>) =>
        importModel(file).call({ x0: tf.tensor(values as number[], [2, 3]) }).y0!;
      assert.deepEqual([...y(start).dataSync()], [...of(start.slice(0, 3)), ...of(start.slice(3))]);
      const model = importModel(file);
      const sum = (x: tf.Tensor) =>
        model
          .call({ x0: x })
          .y0!.mul(
            tf.tensor2d([
              [1, 2, 3],
              [4, 5, 6],
            ]),
          )
          .sum();
      const gradient = tf
        .grad(sum)(tf.tensor(start, [2, 3]))
        .dataSync();
      for (let i = 0; i < 6; i++) {
        const at = (by: number) =>
          sum(
            tf.tensor(
              start.map((n, j) => (j === i ? n + by : n)),
              [2, 3],
            ),
          ).dataSync()[0]!;
        assert.closeTo(gradient[i]!, (at(0.5) - at(-0.5)) / 1, 1e-4);
      }
    });
  }
});

describe('importing ONNX: SwiGLU', () => {
  // onnxruntime has none yet: against its formula, a sigmoid(alpha a) b.
  it('gates one half by the other, with gradients in both', () => {
    const model = importModel(
      fileOf({ op: 'SwiGLU', opset: 28, inputs: [fed([3]), fed([3])], attributes: { alpha: { float: 1.5 } } }),
    );
    const [a, b] = [
      [-1, 0.5, 2],
      [3, -2, 0.25],
    ];
    const sigmoid = a.map((n) => 1 / (1 + Math.exp(-1.5 * n)));
    const y = (at: tf.Tensor, of: tf.Tensor) => model.call({ x0: at, x1: of }).y0!;
    const [first, second] = tf
      .grads(y)([tf.tensor1d(a), tf.tensor1d(b)])
      .map((each) => each.dataSync());
    const values = y(tf.tensor1d(a), tf.tensor1d(b)).dataSync();
    a.forEach((n, i) => {
      const s = sigmoid[i]!;
      assert.closeTo(values[i]!, n * s * b[i]!, 1e-6);
      assert.closeTo(first![i]!, (s + 1.5 * n * s * (1 - s)) * b[i]!, 1e-5);
      assert.closeTo(second![i]!, n * s, 1e-6);
    });
  });
});

describe('importing ONNX: refusals', () => {
  before(() => tf.setBackend('cpu'));

  it('names all operators that it has not', () => {
    const bytes = encode({
      nodes: [node('QuantizeLinear', 'q', ['x', 's'], ['a']), node('NonMaxSuppression', 'n', ['a', 'a'], ['y'])],
      initializers: [tensorOf('s', weight([1]))],
      inputs: [portOf('x', 'float32', [2])],
      outputs: [{ name: 'y' }],
    });
    assert.match(
      refusal(() => importModel(bytes)).message,
      /QuantizeLinear, NonMaxSuppression \(the first is node 'q'\)/,
    );
  });

  it('says what is wrong with a damaged file', () => {
    const good = perceptron();
    for (let length = 0; length < good.length; length += 7) {
      refusal(() => importModel(good.slice(0, length)).call({ x: tf.zeros([1, 4]) }));
    }
    assert.match(refusal(() => importModel(new TextEncoder().encode('not a model'))).message, /no ONNX model/);
    assert.match(refusal(() => importModel('model.onnx' as never)).message, /given as its bytes/);
  });

  it('refuses circles, values that nothing gives, and shapes that do not fit', () => {
    const file = (nodes: onnx.INodeProto[], initializers: onnx.ITensorProto[] = []): Uint8Array =>
      encode({ nodes, initializers, inputs: [portOf('x', 'float32', [2])], outputs: [{ name: 'y' }] });
    const circle = [node('Add', 'a', ['x', 'y'], ['b']), node('Neg', 'n', ['b'], ['y'])];
    assert.match(refusal(() => importModel(file(circle))).message, /'a' waits for its own result/);
    assert.match(
      refusal(() => importModel(file([node('Neg', 'n', ['z'], ['y'])]))).message,
      /Neg 'n' reads 'z', which nothing gives/,
    );
    const huge = { ...tensorOf('w', weight([2])), dims: [1e10] };
    assert.match(
      refusal(() => importModel(file([node('Add', 'a', ['x', 'w'], ['y'])], [huge]))).message,
      /holds 2 numbers, but its shape \[10000000000\]/,
    );
  });

  it('knows no names of objects', () => {
    const bytes = fileOf({ op: 'constructor', inputs: [fed([2])] });
    assert.match(refusal(() => importModel(bytes)).message, /constructor/);
    const model = importModel(perceptron());
    assert.match(
      refusal(() => model.call({ toString: tf.zeros([1]) } as never)).message,
      /there is no input 'toString'/,
    );
  });

  it('refuses inputs of other shapes and types, and patterns that fit no weight', () => {
    const model = importModel(perceptron());
    assert.match(refusal(() => model.call({ x: tf.zeros([2, 3]) })).message, /input 'x' is \[batch,4\], not \[2,3\]/);
    assert.match(refusal(() => model.call({ x: tf.zeros([2, 4], 'int32') })).message, /float32, not int32/);
    assert.match(refusal(() => model.call({})).message, /input 'x' is not given/);
    assert.match(
      refusal(() => importModel(perceptron(), { trainable: 'classifier.*' })).message,
      /no weight's name fits "classifier.\*"; the weights are body.weight/,
    );
  });

  it('refuses attributes that it does not know', () => {
    const bytes = fileOf({ op: 'Relu', inputs: [fed([2])], attributes: { slope: { float: 0.1 } } });
    assert.match(
      refusal(() => importModel(bytes).call({ x0: tf.zeros([2]) })).message,
      /Relu 'the_node' has an attribute that is not known here: slope/,
    );
  });

  it('refuses a scale to no whole size where runtimes differ in its coordinates', () => {
    const resized = (scale: number): Uint8Array =>
      fileOf({
        op: 'Resize',
        inputs: [fed([1, 1, 4]), undefined, listed('float32', [3], [1, 1, scale], true)],
        attributes: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
      });
    const call = (scale: number): number[] =>
      Array.from(
        importModel(resized(scale))
          .call({ x0: tf.tensor([0, 1, 2, 3], [1, 1, 4]) })
          .y0!.dataSync(),
      );
    assert.deepEqual(call(0.5), [0, 3]);
    assert.match(refusal(() => call(0.625)).message, /scales 4 elements by 0.625, to no whole number/);
  });

  it('takes the infinite divisor of a floored Mod for what it leaves', () => {
    const model = importModel(fileOf({ op: 'Mod', inputs: [fed([4]), fed([4])], opset: 28 }));
    const [a, b] = [
      [1.5, -1.5, 5, -5],
      [Infinity, Infinity, 3, 3],
    ];
    assert.deepEqual(Array.from(model.call({ x0: tf.tensor(a!), x1: tf.tensor(b!) }).y0!.dataSync()), [
      1.5,
      Infinity,
      2,
      1,
    ]);
  });
});
