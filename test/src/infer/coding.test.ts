import { InputError, Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import fc from 'fast-check';
import { AnsCoder } from '../../../packages/infer/dist/coding/ans.js';
import { popBit, pushBit } from '../../../packages/infer/dist/coding/bernoulli.js';
import { decodeCompressed, encodeCompressed } from '../../../packages/infer/dist/coding/compressed.js';
import { LatentBins } from '../../../packages/infer/dist/coding/latent-bins.js';
import { normalCdf, normalQuantile } from '../../../packages/infer/dist/coding/normal.js';

const nothing = { next: (): number => expect.fail('the message is empty') };
const words = (seed: number) => {
  const random = new Random(seed);
  return { next: () => random.uint32() >>> 16 };
};

describe('infer: asymmetric numeral systems', () => {
  /** A symbol: an interval of [0, 2^precision). */
  const symbol = fc
    .tuple(
      fc.integer({ min: 1, max: 32 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map(([precision, a, b]) => {
      const start = Math.min(Math.floor(a * 2 ** precision), 2 ** precision - 1);
      const frequency = 1 + Math.floor(b * (2 ** precision - start - 1));
      return { start, frequency, precision };
    });

  it('give back any symbols, last in, first out, and then the empty message', () => {
    fc.assert(
      fc.property(fc.array(symbol, { maxLength: 200 }), (symbols) => {
        const coder = new AnsCoder(nothing);
        for (const { start, frequency, precision } of symbols) coder.push(start, frequency, precision);
        const received = new AnsCoder(nothing, coder.message());
        for (const { start, frequency, precision } of symbols.toReversed()) {
          expect(received.peek(precision)).to.be.within(start, start + frequency - 1);
          received.drop(start, frequency, precision);
        }
        expect(received.message()).to.deep.equal({ head: 2 ** 32, words: new Uint16Array() });
      }),
    );
  });

  it('give back a message that symbols were popped from, when these are pushed again', () => {
    fc.assert(
      fc.property(fc.array(symbol, { minLength: 1, maxLength: 100 }), fc.integer(), (symbols, seed) => {
        const coder = new AnsCoder(words(seed));
        const popped = symbols.map(({ precision, frequency }) => {
          // The symbols of this precision are all of this width, the last one of what is left.
          const start = Math.floor(coder.peek(precision) / frequency) * frequency;
          const whole = { start, frequency: Math.min(frequency, 2 ** precision - start), precision };
          coder.drop(whole.start, whole.frequency, precision);
          return whole;
        });
        for (const { start, frequency, precision } of popped.toReversed()) coder.push(start, frequency, precision);
        const source = words(seed);
        const borrowed = Array.from({ length: coder.borrowed }, () => source.next()).reverse();
        expect(coder.message()).to.deep.equal({ head: 2 ** 32, words: Uint16Array.from(borrowed) });
      }),
    );
  });

  for (const p of [0.5, 0.9, 0.01, 1e-4]) {
    for (const seed of [1, 2, 3]) {
      it(`take as many bits as the probabilities say: Bernoulli(${p}), seed ${seed}`, () => {
        const random = new Random(seed);
        const coder = new AnsCoder(nothing);
        const bits = Array.from({ length: 100_000 }, () => (random.uniform() < p ? 1 : 0));
        for (const bit of bits) pushBit(coder, bit, p);
        const ones = bits.reduce<number>((sum, bit) => sum + bit, 0);
        const exact = -ones * Math.log2(p) - (bits.length - ones) * Math.log2(1 - p);
        // Probabilities are rounded to 2^-20, the message to whole words.
        expect(coder.bits).to.be.within(exact, exact * 1.0001 + 100_000 * 2 ** -20 + 64);
        const entropy = -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);
        const deviation = Math.abs(Math.log2(p / (1 - p))) * Math.sqrt(p * (1 - p) * bits.length);
        expect(coder.bits).to.be.closeTo(entropy * bits.length, 4.5 * deviation + 64);
        const back = Array.from(bits, () => popBit(coder, p)).reverse();
        expect(back.every((bit, i) => bit === bits[i])).to.equal(true);
      });
    }
  }
});

describe('infer: latent bins', () => {
  it('have the normal distribution function and quantiles of reference tables', () => {
    // scipy.special.ndtr, ndtri
    const cdf: readonly (readonly [number, number])[] = [
      [0, 0.5],
      [1, 0.8413447460685429],
      [-1.96, 0.024997895148220435],
      [-5, 2.866515718791933e-7],
      [-8, 6.22096057427174e-16],
      [40, 1],
      [-40, 0],
    ];
    for (const [x, p] of cdf) expect(normalCdf(x)).to.be.closeTo(p, 1e-7 * p);
    for (const p of [1e-10, 1e-4, 0.025, 0.3, 0.5, 0.8, 0.9999]) {
      expect(normalCdf(normalQuantile(p))).to.be.closeTo(p, 1e-12);
    }
    expect([normalQuantile(0), normalQuantile(1)]).to.deep.equal([-Infinity, Infinity]);
    expect(normalQuantile(0.975)).to.be.closeTo(1.959963984540054, 1e-9);
  });

  it('come back from any posterior, however narrow or far away', () => {
    const bins = new LatentBins(10);
    const posterior = fc.record({
      bin: fc.integer({ min: 0, max: 1023 }),
      mu: fc.double({ min: -50, max: 50, noNaN: true }),
      deviation: fc.double({ min: 1e-6, max: 50, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(posterior, { minLength: 1, maxLength: 20 }), (all) => {
        const coder = new AnsCoder(nothing);
        for (const { bin, mu, deviation } of all) bins.push(coder, bin, mu, deviation);
        for (const { bin, mu, deviation } of all.toReversed()) expect(bins.pop(coder, mu, deviation)).to.equal(bin);
        expect(coder.message()).to.deep.equal({ head: 2 ** 32, words: new Uint16Array() });
      }),
    );
  });

  it('are drawn with their probabilities when they are popped from random words', () => {
    const bins = new LatentBins(4);
    const [mu, deviation, trials] = [0.4, 0.6, 40_000];
    const coder = new AnsCoder(words(5));
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < trials; i++) counts[bins.pop(coder, mu, deviation)]!++;
    counts.forEach((count, bin) => {
      const [low, high] = [normalQuantile(bin / 16), normalQuantile((bin + 1) / 16)];
      const p = normalCdf((high - mu) / deviation) - normalCdf((low - mu) / deviation);
      expect(count / trials).to.be.closeTo(p, 4.5 * Math.sqrt((p * (1 - p)) / trials) + 1e-5);
    });
  });

  it('cost the KL divergence when they are pushed with the prior: bits back', () => {
    const bins = new LatentBins(10);
    const [mu, deviation, trials] = [0.8, 0.3, 20_000];
    const coder = new AnsCoder(words(6));
    for (let i = 0; i < trials; i++) bins.pushPrior(coder, bins.pop(coder, mu, deviation));
    const kl = 0.5 * (deviation ** 2 + mu ** 2 - 1) - Math.log(deviation);
    const nats = ((coder.bits - 16 * coder.borrowed) / trials) * Math.LN2;
    expect(nats).to.be.closeTo(kl, 0.03 * kl);
  });
});

describe('infer: files of compressed images', () => {
  const file = {
    latentBits: 10,
    seed: -3,
    images: 2,
    model: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    message: { head: 2 ** 40 + 12345, words: Uint16Array.of(1, 65535, 7) },
  };

  it('say what they were made of', () => {
    expect(decodeCompressed(encodeCompressed(file))).to.deep.equal(file);
  });

  it('are refused when they are something else, of another version, or damaged', () => {
    const bytes = encodeCompressed(file);
    const changed = (at: number, value: number) => Uint8Array.from(bytes, (byte, i) => (i === at ? value : byte));
    for (const [wrong, message] of [
      [bytes.subarray(0, 20), /no file of compress/],
      [changed(0, 1), /no file of compress/],
      [changed(4, 2), /reads format 1, not 2/],
      [changed(5, 0), /damaged or cut off/],
      [changed(5, 17), /damaged or cut off/],
      [changed(6, 1), /damaged or cut off/],
      [bytes.subarray(0, bytes.length - 1), /damaged or cut off/],
    ] as const) {
      expect(() => decodeCompressed(wrong)).to.throw(InputError, message);
    }
  });
});
