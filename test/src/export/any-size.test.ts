import {
  describeSizes,
  type ExportableFunction,
  exportOnnx,
  type OnnxExport,
  type Signature,
  TraceMismatchError,
  tf,
  VerifyError,
  verify,
} from '@onnx-forge/export';
import { openSession, type Tensor } from '@onnx-forge/infer';
import { assert } from 'chai';

type Shapes = Readonly<Record<string, readonly number[]>>;

const numbers = (shape: readonly number[], shift = 0): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.3 * i + shift));

async function run(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await openSession(bytes, { device: 'cpu' });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** Exports a function once and compares it with itself on tfjs's cpu backend at each of the shapes. */
async function agrees(f: ExportableFunction, signature: Signature, points: readonly Shapes[]): Promise<OnnxExport> {
  const exported = exportOnnx(f, signature);
  for (const shapes of points) {
    const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, numbers(shape)]));
    const inputs = Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(tensors[name]!, [...shape])]);
    const expected = f(Object.fromEntries(inputs));
    const feeds = Object.entries(shapes).map(([name, dims]): [string, Tensor] => [
      name,
      { type: 'float32', dims, data: tensors[name]! },
    ]);
    const actual = await run(exported.bytes, Object.fromEntries(feeds));
    for (const [name, tensor] of Object.entries(expected)) {
      const where = `${name} at ${JSON.stringify(shapes)}`;
      assert.deepEqual([...actual[name]!.dims], tensor.shape, where);
      for (const [i, e] of tensor.dataSync().entries())
        assert.closeTo(Number(actual[name]!.data[i]), e, 1e-5 * Math.max(1, Math.abs(e)), where);
    }
  }
  return exported;
}

function refusal(f: ExportableFunction | tf.LayersModel, signature?: Signature): TraceMismatchError {
  try {
    if (typeof f === 'function') exportOnnx(f, signature!);
    else exportOnnx(f);
  } catch (error) {
    assert.instanceOf(error, TraceMismatchError);
    return error as TraceMismatchError;
  }
  return assert.fail('nothing was refused');
}

const rows: Signature = { inputs: { x: { shape: ['rows', 2] } } };
const counts = (list: readonly number[]): Shapes[] => list.map((n) => ({ x: [n, 2] }));
const image: Signature = { inputs: { x: { shape: [1, 'height', 'width', 1] } } };
const ofImages = (model: tf.LayersModel): ExportableFunction => {
  return ({ x }) => ({ y: model.apply(x!) as tf.Tensor });
};
const images = (sizes: readonly (readonly [number, number])[]): Shapes[] =>
  sizes.map(([height, width]) => ({ x: [1, height, width, 1] }));

describe('free dimensions', () => {
  beforeEach(() => tf.setBackend('cpu'));

  it('are chosen so that no size becomes 1: a kernel as large as the first image, a network that shrinks it 32 times', async () => {
    const { conv2d, conv2dTranspose, maxPooling2d } = tf.layers;
    const inputShape = [null, null, 1] as unknown as number[];
    const wide = tf.sequential({
      layers: [conv2d({ filters: 2, kernelSize: 11, inputShape }), conv2d({ filters: 1, kernelSize: 1 })],
    });
    const side = [11, 12, 19, 20, 31];
    await agrees(ofImages(wide), image, images(side.map((n) => [n, 42 - n])));
    const halve = () => maxPooling2d({ poolSize: 2, padding: 'same' });
    const deep = tf.sequential({
      layers: [conv2d({ filters: 2, kernelSize: 1, inputShape }), halve(), halve(), halve(), halve(), halve()].concat(
        conv2dTranspose({ filters: 1, kernelSize: 3, strides: 3, padding: 'same' }),
      ),
    });
    await agrees(ofImages(deep), image, images([1, 2, 31, 32, 33, 64, 65, 97].map((n) => [n, 98 - n])));
  });

  it('compute numbers at equal distances, matrices around their diagonal and logarithms from the size', async () => {
    const sizes = [1, 2, 3, 4, 7, 12, 17, 100];
    const square: Signature = { inputs: { x: { shape: ['n', 'n'] } } };
    const squares = sizes.map((n) => ({ x: [n, n] }));
    const mask = (n: number) =>
      tf.tensor2d(
        Array.from({ length: n * n }, (_, k) => (k % n > k / n ? -10 : 0)),
        [n, n],
      );
    const ofRows: Record<string, (x: tf.Tensor, n: number) => tf.Tensor> = {
      linspace: (x, n) => tf.mul(x, tf.linspace(-1, 2, n).expandDims(1)),
      'range, falling': (x, n) => tf.add(x, tf.range(n, 0, -1).expandDims(1)),
      'range from another size': (x, n) => tf.add(x, tf.range(n + 1, 3 * n + 1, 2).expandDims(1)),
      logarithm: (x, n) => tf.mul(x, Math.log(n)),
    };
    const ofSquares: Record<string, (x: tf.Tensor, n: number) => tf.Tensor> = {
      eye: (x, n) => tf.add(x, tf.eye(n)),
      'eye of bools': (x, n) => tf.where(tf.eye(n, n, undefined, 'bool'), x, tf.neg(x)),
      'wider eye': (x, n) => tf.matMul(x, tf.eye(n, 2 * n) as tf.Tensor),
      'causal mask': (x, n) => tf.add(x, mask(n)),
    };
    for (const f of Object.values(ofRows)) await agrees(({ x }) => ({ y: f(x!, x!.shape[0]!) }), rows, counts(sizes));
    for (const f of Object.values(ofSquares)) await agrees(({ x }) => ({ y: f(x!, x!.shape[0]!) }), square, squares);
  });

  it('pad a strided convolution as the size asks: sums under 3 x 3 windows, by hand', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          filters: 1,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          kernelInitializer: 'ones',
          inputShape: [null, null, 1] as unknown as number[],
          name: 'stem',
        }),
      ],
    });
    const { bytes, inputs, outputs } = exportOnnx(model);
    const [input, output] = [Object.keys(inputs)[0]!, Object.keys(outputs)[0]!];
    const sums = async (height: number, width: number): Promise<number[]> => {
      const dims = [1, height, width, 1];
      const data = new Float32Array(height * width).fill(1);
      return Array.from((await run(bytes, { [input]: { type: 'float32', dims, data } }))[output]!.data as Float32Array);
    };
    assert.deepEqual(await sums(1, 1), [1]);
    assert.deepEqual(await sums(2, 2), [4]); // pads (0, 1)
    assert.deepEqual(await sums(3, 3), [4, 4, 4, 4]); // pads (1, 1)
    assert.deepEqual(await sums(4, 4), [9, 6, 6, 4]); // pads (0, 1)
    assert.deepEqual(await sums(4, 3), [6, 6, 4, 4]);
  });

  it('pad a strided mean without counting the padding, by hand', async () => {
    const f: ExportableFunction = ({ x }) => ({
      mean: tf.avgPool(x as tf.Tensor4D, 3, 2, 'same'),
      largest: tf.maxPool(tf.neg(x!) as tf.Tensor4D, 3, 2, 'same'),
    });
    const { bytes } = exportOnnx(f, image);
    const data = Float32Array.of(1, 2, 3, 4);
    const { mean, largest } = await run(bytes, { x: { type: 'float32', dims: [1, 2, 2, 1], data } });
    assert.deepEqual(Array.from(mean!.data as Float32Array), [2.5]);
    assert.deepEqual(Array.from(largest!.data as Float32Array), [-1]);
    await agrees(f, image, images([[1, 5], [5, 1], [4, 7], [6, 6]])); // biome-ignore format: sizes in a row
  });

  it('go through five strided layers: ceil(n / 32) and a flattened product of it', async () => {
    const f: ExportableFunction = ({ x }) => {
      const kernel = tf.tensor4d(numbers([3, 3, 1, 1]), [3, 3, 1, 1]);
      let y = x as tf.Tensor4D;
      for (let i = 0; i < 5; i++) y = tf.conv2d(y, kernel, 2, 'same');
      return { y, flat: tf.reshape(y, [1, y.shape[1] * y.shape[2]]) };
    };
    await agrees(f, image, images([[1, 33], [31, 32], [64, 65], [97, 2]])); // biome-ignore format: sizes in a row
  });

  it('take halves, products, parts and roots from x.shape', async () => {
    const f: ExportableFunction = ({ x }) => {
      const n = x!.shape[0]!;
      return {
        down: tf.slice(x!, [0, 0], [Math.floor(n / 2), 2]),
        up: tf.slice(x!, [0, 0], [Math.ceil(n / 2), 2]),
        even: tf.pad(x!, [[0, n % 2], [0, 0]]), // biome-ignore format: amounts in a row
        twice: tf.concat([x!, x!], 0),
        flat: tf.reshape(x!, [n * 2]),
        share: tf.mul(x!, 1 / n),
        root: tf.mul(x!, 1 / Math.sqrt(n)),
        half: tf.mul(x!, n * 0.5),
        counted: tf.add(x!, tf.reshape(tf.cast(tf.range(0, n, 1, 'int32'), 'float32'), [n, 1])),
        hot: tf.oneHot(tf.zeros([2], 'int32') as tf.Tensor1D, n),
        ones: tf.ones([n, 3]),
      };
    };
    const { outputs } = await agrees(f, rows, counts([2, 3, 4, 5, 12, 31]));
    assert.deepEqual(outputs.ones!.shape, ['rows', 3]);
    assert.deepEqual(outputs.twice!.shape, ['rows_dependent_0', 2]);
  });

  it('say where a row of a table is, up to its last one', async () => {
    for (const longest of [31, 32, 40]) {
      const table = tf.tensor2d(numbers([longest, 2]), [longest, 2]);
      const row: ExportableFunction = ({ x }) => ({ y: table.slice([x!.shape[0]!, 0], [1, 2]) });
      await agrees(row, rows, counts([1, 2, 24, longest - 2, longest - 1]));
      table.dispose();
    }
  });

  it('may take all of a table of which another place takes rows', async () => {
    const table = tf.tensor2d(numbers([9, 3]), [9, 3]);
    const at = tf.tensor1d([8, 0], 'int32');
    const f: ExportableFunction = ({ x }) => ({
      y: x!.add(table.slice([0, 0], [x!.shape[0]!, 3])).add(tf.gather(table, at).sum(0)),
    });
    await agrees(f, { inputs: { x: { shape: ['rows', 3] } } }, [{ x: [1, 3] }, { x: [4, 3] }, { x: [9, 3] }]);
  });

  it('are chosen so that none hides that a slice takes a part', async () => {
    // At 11 rows one row is left, and its first row is all of it.
    const mirrored: ExportableFunction = ({ x }) => {
      const rest = x!.slice([0, 10, 0, 0], [1, x!.shape[1]! - 10, x!.shape[2]!, 1]);
      const edges: [number, number][] = [
        [0, 0],
        [1, 0],
        [0, 0],
        [0, 0],
      ];
      return { y: tf.mirrorPad(rest, edges, 'symmetric') };
    };
    await agrees(mirrored, image, images([11, 12, 13, 20].map((n) => [n, n - 8])));
  });

  it('may have one name twice, and be told apart where they have two', async () => {
    const pair: Signature = { inputs: { a: { shape: ['n', 'm'] }, b: { shape: ['m', 'n'] } } };
    const f: ExportableFunction = ({ a, b }) => ({ y: tf.div(tf.matMul(a!, b!), a!.shape[1]! * a!.shape[0]!) });
    await agrees(f, pair, [
      { a: [2, 3], b: [3, 2] },
      { a: [4, 1], b: [1, 4] },
    ]);
  });

  it('serve functions that take some sizes only', async () => {
    const skip: ExportableFunction = ({ x }) => {
      const small = tf.maxPool(tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'), 2, 2, 'valid');
      const back = tf.image.resizeNearestNeighbor(small, [small.shape[1] * 4, small.shape[2] * 4]);
      return { y: tf.concat([x!, back], 3) };
    };
    await agrees(skip, image, images([[4, 8], [12, 4], [20, 16]])); // biome-ignore format: sizes in a row
    const table = tf.tensor2d(numbers([16, 2]), [16, 2]);
    const positions: ExportableFunction = ({ x }) => ({ y: tf.add(x!, tf.slice(table, [0, 0], [x!.shape[0]!, 2])) });
    await agrees(positions, rows, counts([1, 2, 9, 16]));
  });

  it('are halved where only even ones are taken', async () => {
    const pairs: Signature = { inputs: { x: { shape: [1, 'height', 'width', 4] } } };
    const blocks: ExportableFunction = ({ x }) => {
      const [, h, w] = x!.shape as [number, number, number];
      const split = tf.transpose(tf.reshape(x!, [1, h / 2, 2, w / 2, 2, 4]), [0, 1, 3, 2, 4, 5]);
      return { y: tf.reshape(split, [1, h / 2, w / 2, 16]), back: tf.depthToSpace(x as tf.Tensor4D, 2) };
    };
    const sizes = [[2, 4], [6, 2], [16, 10]]; // biome-ignore format: sizes in a row
    await agrees(
      blocks,
      pairs,
      sizes.map(([h, w]) => ({ x: [1, h!, w!, 4] })),
    );
  });

  it('are computed for images of three spatial dimensions', async () => {
    const volume: Signature = { inputs: { x: { shape: [1, 'depth', 'height', 4, 1] } } };
    const f: ExportableFunction = ({ x }) => ({
      sums: tf.conv3d(x as tf.Tensor5D, tf.ones([3, 3, 3, 1, 1]) as tf.Tensor5D, 2, 'same'),
      mean: tf.avgPool3d(x as tf.Tensor5D, 3, 2, 'same'),
    });
    const sizes = [[1, 2], [4, 3], [5, 6]]; // biome-ignore format: sizes in a row
    await agrees(
      f,
      volume,
      sizes.map(([d, h]) => ({ x: [1, d!, h!, 4, 1] })),
    );
  });

  it('are refused where the function does something else at other sizes, with the line', () => {
    const branches: ExportableFunction[] = [
      ({ x }) => ({ y: x!.shape[0]! % 2 === 0 ? tf.neg(x!) : tf.abs(x!) }),
      ({ x }) => ({ y: x!.shape[0]! > 3 ? tf.neg(x!) : tf.abs(x!) }),
      ({ x }) => ({ y: x!.shape[0]! === 1 ? tf.neg(x!) : tf.abs(x!) }),
      ({ x }) => ({ y: tf.slice(x!, [0, 0], [Math.min(x!.shape[0]!, 5), 2]) }),
      ({ x }) => ({ y: tf.mul(x!, x!.shape[0]! < 4 ? 2 : 3) }),
      ({ x }) => ({ y: x!.shape[0]! > 100 ? tf.neg(x!) : tf.abs(x!) }),
      ({ x }) => ({ y: x!.shape[0]! === 3000 ? tf.neg(x!) : tf.abs(x!) }),
      ({ x }) => ({ y: tf.squeeze(x!) }),
      ({ x }) => ({ y: tf.squeeze(tf.slice(x!, 0, Math.ceil(x!.shape[0]! / 7))) }),
      ({ x }) => ({ y: tf.addN(tf.unstack(x!)) }),
    ];
    for (const f of branches) {
      const { message, code } = refusal(f, rows);
      assert.equal(code, 'trace-mismatch');
      assert.match(message, /any-size\.test/);
      assert.notInclude(message, '\n');
    }
  });

  it('are refused where two of them are compared', () => {
    const compared: ExportableFunction[] = [
      ({ x }) => ({ y: x!.shape[1] === x!.shape[2] ? tf.neg(x!) : tf.abs(x!) }),
      ({ x }) => ({ y: x!.shape[1]! > x!.shape[2]! ? tf.neg(x!) : tf.abs(x!) }),
    ];
    for (const f of compared) assert.match(refusal(f, image).message, /height = .*width = .*any-size\.test/);
  });

  it('name the layer that they are refused in', () => {
    class Odd extends tf.layers.Layer {
      static className = 'Odd';
      override computeOutputShape(shape: tf.Shape): tf.Shape {
        return shape;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        const x = [inputs].flat()[0]!;
        return x.shape[0]! % 2 === 0 ? tf.neg(x) : tf.abs(x);
      }
    }
    const inner = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
    inner.add(new Odd({ name: 'by_parity' }));
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] }), inner] });
    assert.match(refusal(model).message, /layer 'by_parity'/);
    assert.match(refusal(model).message, /batch = \d+/);
  });
});

describe('verify', () => {
  beforeEach(() => tf.setBackend('cpu'));
  const negative: ExportableFunction = ({ x }) => ({ y: tf.neg(x!) });

  it('tries sizes of every rest, told apart, and says which', async () => {
    const exported = exportOnnx(negative, image);
    const verification = await verify(exported, negative);
    const { sizes, skipped, worst } = verification;
    assert.equal(worst, 0);
    assert.deepEqual(skipped, []);
    for (const name of ['height', 'width']) {
      const tried = sizes.map((at) => at[name]!);
      assert.include(tried, 1);
      for (const divisor of [2, 3, 4]) assert.lengthOf([...new Set(tried.map((n) => n % divisor))], divisor);
    }
    assert.isTrue(sizes.every(({ height, width }) => height !== width));
    assert.equal(describeSizes(verification), 'height = 1, 2, 3, 4; width = 2, 3, 4, 1');
  });

  it('sees a graph that is wrong at even sizes only', async () => {
    const exported = exportOnnx(negative, rows);
    const other: ExportableFunction = ({ x }) => ({ y: x!.shape[0]! % 2 === 0 ? x! : tf.neg(x!) });
    assert.closeTo((await verify(exported, other)).worst, 2, 1e-6);
  });

  it('leaves out sizes that the function does not take, and says so', async () => {
    const fromSix: ExportableFunction = ({ x }) => ({
      y: tf.conv2d(x as tf.Tensor4D, tf.ones([6, 6, 1, 1]) as tf.Tensor4D, 1, 'valid'),
    });
    const tall: Signature = { inputs: { x: { shape: [1, 'height', 6, 1] } } };
    const checked: ExportableFunction = (inputs) => {
      if (inputs.x!.shape[1]! < 6) throw new Error('too small');
      return fromSix(inputs);
    };
    const { sizes, skipped } = await verify(exportOnnx(checked, tall), checked);
    assert.isTrue(sizes.every(({ height }) => height! >= 6));
    assert.deepInclude(skipped, { sizes: { height: 1 }, reason: 'too small' });
    const never: ExportableFunction = () => {
      throw new Error('never');
    };
    const error = await verify(exportOnnx(negative, rows), never).catch((caught: unknown) => caught);
    assert.instanceOf(error, VerifyError);
    assert.match((error as Error).message, /never/);
  });

  it('takes differences below 1e-8 for none, as numpy.allclose does', async () => {
    const tiny: ExportableFunction = ({ x }) => ({ y: tf.mul(x!, 1e-9) });
    const exported = exportOnnx(tiny, rows);
    assert.equal((await verify(exported, ({ x }) => ({ y: tf.mul(x!, 3e-9) }))).worst, 0);
    assert.isAbove((await verify(exported, ({ x }) => ({ y: tf.mul(x!, 1e-6) }))).worst, 0.9);
  });
});
