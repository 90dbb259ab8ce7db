import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { pairwiseContrastiveLoss, reflectionPad2d } from '@onnx-forge/train';
import { expect } from 'chai';

const MARGIN = 2;

/** The definition, pair by pair in float64. */
function expected(rows: readonly (readonly number[])[], labels: readonly number[], images: readonly number[]) {
  const sums = { same: 0, different: 0, sameDistance: 0, differentDistance: 0, sameCount: 0, differentCount: 0 };
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < rows.length; j++) {
      const distance = Math.hypot(...rows[i]!.map((value, k) => value - rows[j]![k]!));
      if (labels[i] !== labels[j]) {
        sums.different += Math.max(0, MARGIN - distance) ** 2;
        sums.differentDistance += distance;
        sums.differentCount++;
      } else if (images[i] !== images[j]) {
        sums.same += distance ** 2;
        sums.sameDistance += distance;
        sums.sameCount++;
      }
    }
  }
  const [same, different] = [Math.max(1, sums.sameCount), Math.max(1, sums.differentCount)];
  return {
    loss: (sums.same / same + sums.different / different) / 2,
    sameDistance: sums.sameDistance / same,
    differentDistance: sums.differentDistance / different,
  };
}

describe('pairwiseContrastiveLoss', () => {
  before(async () => {
    await tf.setBackend('cpu');
  });

  const random = new Random(4);
  const rows = Array.from({ length: 6 }, () => Array.from({ length: 3 }, () => random.normal()));
  const labels = [1, 1, 2, 3, 1, 2];
  // The second is another view of the first.
  const images = [10, 10, 11, 12, 13, 14];
  const loss = (embeddings: tf.Tensor, of = labels) =>
    pairwiseContrastiveLoss(embeddings, tf.tensor1d(of, 'int32'), tf.tensor1d(images, 'int32'), MARGIN);

  it('is the balanced mean over all pairs, no image with itself', () => {
    const found = loss(tf.tensor2d(rows));
    for (const [name, value] of Object.entries(expected(rows, labels, images))) {
      expect(found[name as keyof typeof found].dataSync()[0], name).to.be.closeTo(value, 1e-5);
    }
  });

  it('has the gradient of finite differences, finite for equal embeddings', () => {
    const gradient = tf
      .grad((x) => loss(x).loss)(tf.tensor2d(rows))
      .arraySync() as number[][];
    const step = 1e-5;
    rows.forEach((row, i) => {
      row.forEach((_, k) => {
        const moved = (by: number) =>
          rows.map((r, a) => r.map((value, b) => (a === i && b === k ? value + by : value)));
        const at = (by: number) => expected(moved(by), labels, images).loss;
        expect(gradient[i]![k]).to.be.closeTo((at(step) - at(-step)) / (2 * step), 1e-4);
      });
    });
    const equal = tf
      .grad((x) => loss(x).loss)(tf.ones([6, 3]))
      .dataSync();
    expect(equal.every(Number.isFinite)).to.equal(true);
  });

  it('is margin^2 / 4 at best for a constant distance: what a net that learned nothing has', () => {
    // Four points of a regular tetrahedron with side 1 = margin / 2.
    const side = 1 / Math.SQRT2;
    const corners = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((k) => (i === k ? side : 0)));
    const found = pairwiseContrastiveLoss(
      tf.tensor2d(corners),
      tf.tensor1d([0, 0, 1, 1], 'int32'),
      tf.tensor1d([0, 1, 2, 3], 'int32'),
      MARGIN,
    );
    expect(found.loss.dataSync()[0]).to.be.closeTo(1, 1e-5);
  });

  it('is finite where a batch has pairs of one sort only', () => {
    for (const one of [
      [1, 1, 1, 1, 1, 1],
      [1, 2, 3, 4, 5, 6],
    ]) {
      const { loss: found } = loss(tf.tensor2d(rows), one);
      expect(found.dataSync()[0]).to.be.closeTo(expected(rows, one, images).loss, 1e-5);
    }
  });
});

describe('reflectionPad2d', () => {
  it('mirrors the pixels beside the border, and passes gradients', () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
    const layer = reflectionPad2d();
    const padded = layer.apply(x) as tf.Tensor;
    expect(padded.shape).to.deep.equal([1, 4, 5, 1]);
    expect(layer.computeOutputShape([null, 2, 3, 1])).to.deep.equal([null, 4, 5, 1]);
    expect((padded.squeeze() as tf.Tensor2D).arraySync()).to.deep.equal([
      [5, 4, 5, 6, 5],
      [2, 1, 2, 3, 2],
      [5, 4, 5, 6, 5],
      [2, 1, 2, 3, 2],
    ]);
    // As often as each pixel occurs.
    const gradient = tf.grad((input) => (layer.apply(input) as tf.Tensor).sum())(x);
    expect(Array.from(gradient.dataSync())).to.deep.equal([2, 6, 2, 2, 6, 2]);
  });
});
