import { Random } from '@onnx-forge/infer';
import { augmentation, colourJitter, grayscale, horizontalFlip, randomly, randomResizedCrop } from '@onnx-forge/train';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  type Box,
  drawBox,
  resizedCrop,
} from '@onnx-forge/train/data';
import { expect } from 'chai';

const SHAPE = { height: 6, width: 8, channels: 3 } as const;
const SIZE = SHAPE.height * SHAPE.width * SHAPE.channels;

type Pixel = readonly [number, number, number];

const noise = (seed: number, size = SIZE) => new Random(seed).fillUniform(new Float32Array(size));
const pixelsOf = (image: Float32Array): Pixel[] =>
  Array.from({ length: image.length / 3 }, (_, i) => [image[3 * i]!, image[3 * i + 1]!, image[3 * i + 2]!]);
const clamp = (value: number) => Math.min(1, Math.max(0, value));
const luma = ([red, green, blue]: Pixel) => 0.2989 * red + 0.587 * green + 0.114 * blue;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The same image, changed; the one given stays. */
function changed(image: Float32Array, change: (copy: Float32Array) => void): Float32Array {
  const copy = image.slice();
  change(copy);
  return copy;
}

function expectClose(got: Float32Array, expected: readonly number[], what: string): void {
  expect(got.length, what).to.equal(expected.length);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - got[i]!)));
  expect(worst, what).to.be.lessThan(2e-6);
}

/** Smith 1978: hue in turns, saturation, value. */
function toHsv([red, green, blue]: Pixel): Pixel {
  const value = Math.max(red, green, blue);
  const chroma = value - Math.min(red, green, blue);
  if (chroma === 0) return [0, 0, value];
  const sixths =
    value === red ? (green - blue) / chroma : value === green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma;
  return [(((sixths / 6) % 1) + 1) % 1, chroma / value, value];
}

/** The other way, by the formula with k = (n + 6 h) mod 6. */
function toRgb([hue, saturation, value]: Pixel): Pixel {
  const channel = (n: number) => {
    const k = (n + 6 * hue) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}

/** Every output pixel as the weighted mean of all pixels of the box, weights falling linearly to 0 at one pixel's distance. */
function stretched(image: Float32Array, { top, left, height, width }: Box): number[] {
  const weights = (at: number, from: number, length: number, size: number) => {
    const centre = ((at + 0.5) * length) / size;
    const raw = Array.from({ length }, (_, i) => Math.max(0, 1 - Math.abs(i + 0.5 - centre)));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return raw.map((weight, i) => [from + i, weight / sum] as const);
  };
  const out: number[] = [];
  for (let row = 0; row < SHAPE.height; row++) {
    for (let column = 0; column < SHAPE.width; column++) {
      for (let channel = 0; channel < 3; channel++) {
        let value = 0;
        for (const [y, down] of weights(row, top, height, SHAPE.height)) {
          for (const [x, across] of weights(column, left, width, SHAPE.width)) {
            value += down * across * image[(y * SHAPE.width + x) * 3 + channel]!;
          }
        }
        out.push(value);
      }
    }
  }
  return out;
}

describe('augmentation: colours', () => {
  const image = noise(1);

  it('brightness, contrast and saturation are blends with black, the mean grey and the grey image', () => {
    const pixels = pixelsOf(image);
    const grey = mean(pixels.map(luma));
    for (const factor of [0, 0.6, 1, 1.4]) {
      const blend = (value: number, other: number) => clamp(factor * value + (1 - factor) * other);
      const against = (other: (pixel: Pixel) => number) =>
        pixels.flatMap((p) => p.map((value) => blend(value, other(p))));
      expectClose(
        changed(image, (copy) => adjustBrightness(copy, factor)),
        against(() => 0),
        `brightness ${factor}`,
      );
      expectClose(
        changed(image, (copy) => adjustContrast(copy, factor)),
        against(() => grey),
        `contrast ${factor}`,
      );
      expectClose(
        changed(image, (copy) => adjustSaturation(copy, factor)),
        against(luma),
        `saturation ${factor}`,
      );
    }
    expectClose(
      changed(image, grayscale),
      pixels.flatMap((p) => [luma(p), luma(p), luma(p)]),
      'grayscale',
    );
  });

  it('hue turns as it does by way of HSV', () => {
    const corners = [0, 0.5, 1].flatMap((r) => [0, 0.5, 1].flatMap((g) => [0, 0.5, 1].map((b): Pixel => [r, g, b])));
    const all = Float32Array.from([...corners.flat(), ...noise(2, 3000)]);
    for (const turns of [-0.5, -0.1, 0, 0.03, 0.1, 0.5]) {
      const expected = pixelsOf(all).flatMap((pixel) => {
        const [hue, saturation, value] = toHsv(pixel);
        return toRgb([(hue + turns + 1) % 1, saturation, value]);
      });
      expectClose(
        changed(all, (copy) => adjustHue(copy, turns)),
        expected,
        `${turns} turns`,
      );
    }
    const red = Float32Array.of(1, 0, 0);
    expectClose(
      changed(red, (copy) => adjustHue(copy, 1 / 3)),
      [0, 1, 0],
      'a third of a turn from red is green',
    );
  });

  it('jitter applies its four changes in a random order, each by a random amount', () => {
    const reach = { brightness: 0.4, contrast: 0.3, saturation: 0.2, hue: 0.1 };
    const jitter = colourJitter(reach);
    const random = new Random(3);
    const orders = new Map<string, number>();
    const rounds = 2400;
    for (let round = 0; round < rounds; round++) {
      const twin = Random.fromState(random.state());
      const got = changed(image, (copy) => jitter(copy, random));
      const order: number[] = [];
      for (let i = 0; i < 4; i++) {
        const at = twin.integer(i + 1);
        order[i] = order[at] ?? i;
        order[at] = i;
      }
      orders.set(`${order}`, (orders.get(`${order}`) ?? 0) + 1);
      if (round >= 50) continue;
      const expected = changed(image, (copy) => {
        for (const which of order) {
          const amount = 2 * twin.uniform() - 1;
          if (which === 0) adjustBrightness(copy, 1 + reach.brightness * amount);
          if (which === 1) adjustContrast(copy, 1 + reach.contrast * amount);
          if (which === 2) adjustSaturation(copy, 1 + reach.saturation * amount);
          if (which === 3) adjustHue(copy, reach.hue * amount);
        }
      });
      expectClose(got, Array.from(expected), `order ${order}`);
    }
    expect(orders.size, 'all 4! orders').to.equal(24);
    const even = rounds / 24;
    const chiSquare = [...orders.values()].reduce((sum, count) => sum + (count - even) ** 2 / even, 0);
    expect(chiSquare, 'chi-square, 23 degrees of freedom, 0.1 % point').to.be.lessThan(49.7);
  });

  it('jitter draws its factors evenly around 1', () => {
    const jitter = colourJitter({ brightness: 0.4, contrast: 0, saturation: 0, hue: 0 });
    const random = new Random(4);
    const factors = Array.from({ length: 4000 }, () => {
      return changed(Float32Array.of(0.5, 0.5, 0.5), (copy) => jitter(copy, random))[0]! / 0.5;
    });
    expect(Math.min(...factors)).to.be.within(0.6 - 1e-6, 0.602);
    expect(Math.max(...factors)).to.be.within(1.398, 1.4 + 1e-6);
    expect(mean(factors)).to.be.closeTo(1, (4 * 0.4) / Math.sqrt(3 * factors.length));
  });
});

describe('augmentation: crops and flips', () => {
  const image = noise(5);

  it('a crop of the whole image is the image', () => {
    const got = changed(image, (copy) => resizedCrop(SHAPE)(copy, { top: 0, left: 0, height: 6, width: 8 }));
    expect(Array.from(got)).to.deep.equal(Array.from(image));
  });

  it('a crop is stretched bilinearly, pixel centres at halves', () => {
    const resize = resizedCrop(SHAPE);
    const boxes: Box[] = [
      { top: 1, left: 2, height: 3, width: 4 },
      { top: 0, left: 3, height: 5, width: 5 },
      { top: 5, left: 7, height: 1, width: 1 },
      { top: 2, left: 0, height: 4, width: 8 },
    ];
    for (const box of boxes) {
      expectClose(
        changed(image, (copy) => resize(copy, box)),
        stretched(image, box),
        JSON.stringify(box),
      );
    }
  });

  it('a random crop has an even share of the area and an aspect ratio between the bounds', () => {
    const shape = { height: 320, width: 320, channels: 3 }; // large, so that rounding does not matter
    const random = new Random(6);
    const boxes = Array.from({ length: 4000 }, () =>
      drawBox(shape, { scale: [0.08, 0.5], ratio: [3 / 4, 4 / 3] }, random),
    );
    const areas = boxes.map(({ height, width }) => (height * width) / 320 ** 2);
    const logRatios = boxes.map(({ height, width }) => Math.log(width / height));
    expect(Math.min(...areas)).to.be.within(0.079, 0.085);
    expect(Math.max(...areas)).to.be.within(0.495, 0.502);
    // At most half of the area always fits, so nothing is drawn again and the means are those of uniform numbers.
    expect(mean(areas)).to.be.closeTo(0.29, (4 * 0.42) / Math.sqrt(12 * boxes.length));
    expect(mean(logRatios)).to.be.closeTo(0, (4 * 2 * Math.log(4 / 3)) / Math.sqrt(12 * boxes.length));
    expect(Math.max(...logRatios.map(Math.abs))).to.be.within(0.27, Math.log(4 / 3) + 0.02);
    for (const { top, left, height, width } of boxes) {
      expect(top).to.be.within(0, 320 - height);
      expect(left).to.be.within(0, 320 - width);
    }
    expect(mean(boxes.map(({ top, height }) => top / (320 - height)))).to.be.closeTo(0.5, 0.02);
  });

  it('where no box fits, the crop is the largest in the middle that the ratio allows', () => {
    const all = { scale: [1, 1], ratio: [3 / 4, 4 / 3] } as const;
    const random = new Random(7);
    const wide = drawBox({ height: 10, width: 100, channels: 3 }, all, random);
    expect(wide).to.deep.equal({ top: 0, left: 43, height: 10, width: 13 });
    const tall = drawBox({ height: 100, width: 12, channels: 3 }, all, random);
    expect(tall).to.deep.equal({ top: 42, left: 0, height: 16, width: 12 });
  });

  it('a flip mirrors every row, and twice is nothing', () => {
    const flip = horizontalFlip(SHAPE);
    const random = new Random(8);
    const rows = Array.from({ length: SHAPE.height }, (_, row) => pixelsOf(image).slice(row * 8, (row + 1) * 8));
    const once = changed(image, (copy) => flip(copy, random));
    expect(Array.from(once)).to.deep.equal(rows.flatMap((row) => row.toReversed()).flat());
    expect(Array.from(changed(once, (copy) => flip(copy, random)))).to.deep.equal(Array.from(image));
  });
});

describe('augmentation: composition', () => {
  it('happens as often as it should', () => {
    const random = new Random(9);
    let times = 0;
    const change = randomly(0.2, () => times++);
    for (let i = 0; i < 5000; i++) change(new Float32Array(3), random);
    expect(times / 5000).to.be.closeTo(0.2, 4 * Math.sqrt(0.16 / 5000));
  });

  it('gives the same views from the same random numbers, others from others, and stays within [0, 1]', () => {
    const views = augmentation([
      randomResizedCrop(SHAPE, { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] }),
      randomly(0.5, horizontalFlip(SHAPE)),
      randomly(0.8, colourJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 })),
      randomly(0.2, grayscale),
    ]);
    const image = noise(10);
    const series = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => Array.from(changed(image, (copy) => views(copy, random))));
    };
    const first = series(1);
    expect(series(1)).to.deep.equal(first);
    expect(series(2)).not.to.deep.equal(first);
    expect(new Set(first.map(String)).size, 'all differ').to.equal(20);
    for (const value of first.flat()) expect(value).to.be.within(0, 1);
  });

  it('takes no token ids for an image', () => {
    expect(() => augmentation([])(new Int32Array(3), new Random(1))).to.throw(TypeError, /float32/);
  });
});
