import { InputError, Random } from '@onnx-forge/infer';
import { nearestLabels } from '@onnx-forge/train/measures';
import { expect } from 'chai';

describe('nearest neighbours by distance', () => {
  it('agree with a sorted list of all distances', () => {
    const random = new Random(1);
    const dimensions = 2;
    const vectors = random.fillNormal(new Float32Array(200 * dimensions));
    const labels = Array.from({ length: 200 }, () => random.integer(4));
    const queries = random.fillNormal(new Float32Array(40 * dimensions));
    for (const k of [1, 2, 10, 200]) {
      const expected = Array.from({ length: 40 }, (_, row) => {
        const order = labels
          .map((label, i) => {
            const [dx, dy] = [0, 1].map((d) => queries[2 * row + d]! - vectors[2 * i + d]!) as [number, number];
            return { label, distance: Math.hypot(dx, dy) };
          })
          .sort((a, b) => a.distance - b.distance)
          .slice(0, k);
        const votes = [0, 1, 2, 3].map((label) => order.filter((one) => one.label === label).length);
        return order.find(({ label }) => votes[label] === Math.max(...votes))!.label;
      });
      expect(Array.from(nearestLabels(queries, { vectors, labels }, k)), `k ${k}`).to.deep.equal(expected);
    }
  });

  it('compare distances, not directions; a tie goes to the nearest', () => {
    const bank = { vectors: Float32Array.of(10, 10, 1, 0, 0, 3), labels: [7, 4, 5] };
    expect([...nearestLabels(Float32Array.of(0.5, 0.5, 9, 9), bank, 1)]).to.deep.equal([4, 7]);
    expect([...nearestLabels(Float32Array.of(0.5, 0.5), bank, 2)]).to.deep.equal([4]);
    expect(() => nearestLabels(Float32Array.of(0, 0), bank, 4)).to.throw(InputError, 'its bank has 3 examples');
  });
});
