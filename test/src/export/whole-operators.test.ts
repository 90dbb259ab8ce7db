import { exportOnnx, type OnnxExport, tf } from '@onnx-forge/export';
import { openSession, Random } from '@onnx-forge/infer';
import { layerNorm } from '@onnx-forge/train/layers';
import { assert } from 'chai';
import onnxProto from 'onnx-proto';

const WIDTH = 6;
type Inputs = Record<string, tf.Tensor>;

const opsOf = ({ bytes }: OnnxExport): string[] =>
  onnxProto.onnx.ModelProto.decode(bytes).graph!.node!.map(({ opType }) => opType!);

const normals = (size: number, seed: number, mean = 0): number[] => {
  const random = new Random(seed);
  return Array.from({ length: size }, () => Math.fround(mean + random.normal()));
};

const exportRows = (f: (inputs: Inputs) => Inputs): OnnxExport =>
  exportOnnx(f, { inputs: { x: { shape: ['rows', WIDTH] } } });

async function ran(exported: OnnxExport, x: readonly number[]): Promise<Float32Array> {
  const session = await openSession(exported.bytes, { device: 'cpu' });
  try {
    const dims = [x.length / WIDTH, WIDTH];
    const { y } = await session.run({ x: { type: 'float32', dims, data: Float32Array.from(x) } });
    return y!.data as Float32Array;
  } finally {
    await session.dispose();
  }
}

describe('operators that are recognised in exports', () => {
  before(() => tf.setBackend('cpu'));

  const [gain, bias] = [normals(WIDTH, 1), normals(WIDTH, 2)];
  const constants = () => [tf.tensor1d(gain), tf.tensor1d(bias)] as const;

  it('a layer normalisation is one LayerNormalization, with the numbers of its definition in float64', async () => {
    const [g, b] = constants();
    for (const epsilon of [1e-5, 0.3]) {
      const exported = exportRows(({ x }) => ({ y: layerNorm(x!, g, b, epsilon) }));
      assert.deepEqual(opsOf(exported), ['LayerNormalization']);
      for (const [rows, mean] of [
        [1, 0],
        [5, 30],
      ] as const) {
        const x = normals(rows * WIDTH, 3, mean);
        for (const [at, value] of (await ran(exported, x)).entries()) {
          const row = x.slice(at - (at % WIDTH), at - (at % WIDTH) + WIDTH);
          const average = row.reduce((sum, v) => sum + v, 0) / WIDTH;
          const variance = row.reduce((sum, v) => sum + (v - average) ** 2, 0) / WIDTH;
          const i = at % WIDTH;
          const expected = ((x[at]! - average) / Math.sqrt(variance + epsilon)) * gain[i]! + bias[i]!;
          assert.closeTo(value, expected, 1e-5 * (1 + Math.abs(mean)));
        }
      }
    }
  });

  it('what only looks like a layer normalisation stays what it is', () => {
    const [g, b] = constants();
    const scaled = (x: tf.Tensor, by: tf.Tensor) => x.mul(by).mul(g).add(b);
    const centred = (x: tf.Tensor) => x.sub(x.mean(-1, true));
    const scale = (x: tf.Tensor) => x.square().mean(-1, true).add(1e-5).rsqrt();
    const others: Record<string, (x: tf.Tensor) => tf.Tensor> = {
      'not centred': (x) => scaled(x, scale(x)),
      'the variance of something else': (x) => scaled(centred(x), scale(centred(x.exp()))),
      'a sum, no mean': (x) => scaled(centred(x), centred(x).square().sum(-1, true).add(1e-5).rsqrt()),
      'along the rows': (x) => {
        const deviation = x.sub(x.mean(0, true));
        return scaled(deviation, deviation.square().mean(0, true).add(1e-5).rsqrt());
      },
      'an epsilon for each row': (x) => {
        const deviation = centred(x);
        const epsilon = x.max(1, true).abs();
        return scaled(deviation, deviation.square().mean(-1, true).add(epsilon).rsqrt());
      },
    };
    for (const [name, f] of Object.entries(others)) {
      assert.notInclude(opsOf(exportRows(({ x }) => ({ y: f(x!) }))), 'LayerNormalization', name);
    }
  });

  it("a bias is Gemm's C, unless the product is used elsewhere too", async () => {
    const kernel = normals(WIDTH * WIDTH, 4);
    const w = tf.tensor2d(kernel, [WIDTH, WIDTH]);
    const [, b] = constants();
    const exported = exportRows(({ x }) => ({ y: b.add(tf.matMul(x!, w)) }));
    assert.deepEqual(opsOf(exported), ['Gemm']);
    const x = normals(3 * WIDTH, 5);
    for (const [at, value] of (await ran(exported, x)).entries()) {
      const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
      let expected = bias[column]!;
      for (let i = 0; i < WIDTH; i++) expected += x[row * WIDTH + i]! * kernel[i * WIDTH + column]!;
      assert.closeTo(value, expected, 1e-5);
    }
    const twice = exportRows(({ x }) => {
      const product = tf.matMul(x!, w);
      return { y: product.add(b).add(product.exp()) };
    });
    assert.sameMembers(opsOf(twice), ['Gemm', 'Add', 'Exp', 'Add']);
    const output = exportRows(({ x }) => {
      const product = tf.matMul(x!, w);
      return { y: product.add(b), product };
    });
    assert.sameMembers(opsOf(output), ['Gemm', 'Add']);
    const column = exportRows(({ x }) => ({ y: tf.matMul(x!, w).add(x!.sum(1, true)) }));
    assert.include(opsOf(column), 'Add');
  });
});
