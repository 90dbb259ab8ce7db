import { Random } from '@onnx-forge/infer';
import { gather, loadDataSet } from '@onnx-forge/train';
import { drawShape, SHAPES } from '@onnx-forge/train/data';
import { expect } from 'chai';

describe('synthetic shapes', () => {
  const first = (count: number) => Array.from({ length: count }, (_, i) => i);

  it('are 32 x 32 colour images with evenly spread labels, the same for the same seed in any order of reading', async () => {
    const [one, again, other] = await Promise.all(
      [0, 0, 1].map(async (seed) => (await loadDataSet('synthetic-shapes', { seed })).splits.test),
    );
    expect(one!.fields.x!.shape).to.deep.equal([32, 32, 3]);
    const labels = gather(one!, 'label', first(one!.size));
    for (let shape = 0; shape < 8; shape++) expect(labels.filter((label) => label === shape)).to.have.length(125);
    const images = gather(one!, 'x', [0, 1, 2]);
    expect(gather(again!, 'x', [2, 1, 0]).subarray(2 * 3072)).to.deep.equal(images.subarray(0, 3072));
    expect(gather(other!, 'x', [0])).to.not.deep.equal(images.subarray(0, 3072));
    for (const value of images) expect(value).to.be.within(0, 1);
  });

  it('are of any colour and place: the mean image of a class shows nothing of its form', async () => {
    const { splits } = await loadDataSet('synthetic-shapes');
    const count = 2000;
    const x = gather(splits.train, 'x', first(count)) as Float32Array;
    const labels = gather(splits.train, 'label', first(count));
    for (let shape = 0; shape < 8; shape++) {
      const means = new Float64Array(3072);
      const of = first(count).filter((i) => labels[i] === shape);
      for (const i of of) for (let at = 0; at < 3072; at++) means[at]! += x[i * 3072 + at]! / of.length;
      // Of a single image the pixels' deviation is about 0.3; of 250 independent ones' mean 0.02.
      const mean = means.reduce((sum, value) => sum + value, 0) / 3072;
      expect(mean, `class ${shape}`).to.be.closeTo(0.5, 0.05);
      const deviation = Math.sqrt(means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3072);
      expect(deviation, `class ${shape}`).to.be.lessThan(0.04);
    }
  });

  it('differ in form: a shape covers as much of its square as its name says', () => {
    // Areas within [-1, 1]^2, counted on a fine grid, against the formulas.
    const grid = first(400).map((i) => (i + 0.5) / 200 - 1);
    const area = (covers: (x: number, y: number) => boolean) =>
      grid.reduce((sum, x) => sum + grid.filter((y) => covers(x, y)).length, 0) / 200 ** 2;
    const expected: Record<string, number> = {
      disc: Math.PI * 0.8 ** 2,
      square: 1.4 ** 2,
      triangle: (3 * Math.sqrt(3)) / 4,
      star: 5 * 0.42 * Math.sin(Math.PI / 5),
      plus: 2 * 1.9 * 0.54 - 0.54 ** 2,
      ring: Math.PI * (0.9 ** 2 - 0.5 ** 2),
      bars: 1.6 * 0.34 * 3,
    };
    for (const [name, formula] of Object.entries(expected)) {
      expect(area(SHAPES[name]!), name).to.be.closeTo(formula, 0.02);
    }
    const image = new Uint8Array(3072);
    drawShape(0, new Random(1), image);
    expect(new Set(image).size).to.be.greaterThan(20);
  });
});
