import { mosaic } from '@onnx-forge/train/figures';
import { expect } from 'chai';

describe('a mosaic', () => {
  it('has its images in a square of rows, with a white line between, of one channel and of three', () => {
    for (const channels of [1, 3]) {
      // Three images of 2 x 1: pixel (y) of image n has the value 10 n + y in every channel.
      const image = { height: 2, width: 1, channels, range: [-1, 99] as const };
      const images = [0, 1, 2].map((n) =>
        Float32Array.from({ length: 2 * channels }, (_, i) => 10 * n + Math.floor(i / channels)),
      );
      const { pixels, height, width } = mosaic(images, image);
      expect([height, width]).to.deep.equal([5, 3]);
      const W = 99;
      const want = [
        [0, W, 10],
        [1, W, 11],
        [W, W, W],
        [20, W, W],
        [21, W, W],
      ];
      expect(Array.from(pixels)).to.deep.equal(want.flat().flatMap((value) => new Array<number>(channels).fill(value)));
    }
  });
});
