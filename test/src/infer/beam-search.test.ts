import {
  beamSearch,
  ensembleSteps,
  GraphError,
  lengthFactor,
  Random,
  type Sequence,
  type StepDecoder,
} from '@onnx-forge/infer';
import { expect } from 'chai';
import { rejection } from './rejection.js';

const VOCABULARY = 4;
const END = 3;
const START = 2;

/** log p of the next token after a prefix: any table, made from a seed; a row's state is its whole prefix. */
class TableDecoder implements StepDecoder {
  readonly #seed: number;
  #prefixes: string[];
  steps = 0;

  constructor(seed: number, sentences: number) {
    this.#seed = seed;
    this.#prefixes = Array.from({ length: sentences }, (_, sentence) => `${sentence}:`);
  }

  next(prefix: string): Float32Array {
    const random = new Random(this.#seed).fork(prefix);
    const weights = Array.from({ length: VOCABULARY }, () => Math.exp(2 * random.normal()));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return Float32Array.from(weights, (weight) => Math.log(weight / sum));
  }

  async step(parents: readonly number[], tokens: Int32Array) {
    this.steps++;
    this.#prefixes = parents.map((parent, row) => `${this.#prefixes[parent]!}${tokens[row]}`);
    const logProbs = this.#prefixes.flatMap((prefix) => [...this.next(prefix)]);
    const attention = this.#prefixes.flatMap((prefix) => [Number(prefix[0]), prefix.length]);
    return { logProbs: Float32Array.from(logProbs), attention: Float32Array.from(attention) };
  }
}

/** Every sequence that ends, or has `maxLength` tokens, with its log-probability. */
function everySequence(decoder: TableDecoder, sentence: number, maxLength: number, end: number | undefined) {
  const all: { tokens: number[]; logProb: number }[] = [];
  const extend = (tokens: number[], logProb: number) => {
    const next = decoder.next(`${sentence}:${[START, ...tokens].join('')}`);
    next.forEach((value, token) => {
      const longer = { tokens: [...tokens, token], logProb: logProb + value };
      if (token === end || longer.tokens.length === maxLength) all.push(longer);
      else extend(longer.tokens, longer.logProb);
    });
  };
  extend([], 0);
  return all;
}

describe('beam search', () => {
  const search = (seed: number, beam: number, end: number | undefined = END): Promise<Sequence[]> =>
    beamSearch(new TableDecoder(seed, 3), 3, { beam, maxLength: 4, start: START, end });

  it('with a beam as wide as the tree finds the most probable sequence of all, for every sentence', async () => {
    for (let seed = 0; seed < 20; seed++) {
      for (const end of [END, undefined]) {
        const found = await beamSearch(new TableDecoder(seed, 3), 3, { beam: 256, maxLength: 4, start: START, end });
        for (const [sentence, { tokens, logProb }] of found.entries()) {
          const all = everySequence(new TableDecoder(seed, 1), sentence, 4, end);
          const best = all.reduce((one, other) => (other.logProb > one.logProb ? other : one));
          expect(tokens).to.deep.equal(best.tokens);
          expect(logProb).to.be.closeTo(best.logProb, 1e-6);
        }
      }
    }
  });

  it('with a penalty of the length finds the largest log p over ((5 + length) / 6)^a, and gives its log p', async () => {
    let others = 0;
    for (let seed = 0; seed < 20; seed++) {
      for (const lengthPenalty of [0.6, 1, 3]) {
        const options = { beam: 256, maxLength: 4, start: START, end: END };
        const found = await beamSearch(new TableDecoder(seed, 3), 3, { ...options, lengthPenalty });
        const plain = await beamSearch(new TableDecoder(seed, 3), 3, options);
        for (const [sentence, { tokens, logProb }] of found.entries()) {
          const all = everySequence(new TableDecoder(seed, 1), sentence, 4, END);
          const score = (one: (typeof all)[number]) => one.logProb / ((5 + one.tokens.length) / 6) ** lengthPenalty;
          const best = all.reduce((one, other) => (score(other) > score(one) ? other : one));
          expect(tokens).to.deep.equal(best.tokens);
          expect(logProb).to.be.closeTo(best.logProb, 1e-6);
          if (tokens.length !== plain[sentence]!.tokens.length) others++;
        }
      }
    }
    expect(others).to.be.greaterThan(5);
    expect(lengthFactor(7, 1)).to.equal(2);
  });

  it('by several models together finds the largest product of their probabilities, normalised at each token', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const members = [new TableDecoder(seed, 3), new TableDecoder(seed + 100, 3), new TableDecoder(seed + 200, 3)];
      const options = { beam: 256, maxLength: 4, start: START, end: END };
      const found = await beamSearch(ensembleSteps(members), 3, options);
      const together = {
        next(prefix: string) {
          const products = Array.from({ length: VOCABULARY }, (_, token) =>
            members.reduce((product, member) => product * Math.exp(member.next(prefix)[token]!), 1),
          );
          const means = products.map((product) => product ** (1 / members.length));
          const sum = means.reduce((total, value) => total + value, 0);
          return Float32Array.from(means, (value) => Math.log(value / sum));
        },
      } as TableDecoder;
      for (const [sentence, { tokens, logProb, attention }] of found.entries()) {
        const all = everySequence(together, sentence, 4, END);
        const best = all.reduce((one, other) => (other.logProb > one.logProb ? other : one));
        expect(tokens).to.deep.equal(best.tokens);
        expect(logProb).to.be.closeTo(best.logProb, 1e-5);
        // All three have the same attention, and so has their mean.
        expect(attention.map((row) => [...row])).to.deep.equal(tokens.map((_, step) => [sentence, 3 + step]));
      }
    }
  });

  it('with a beam of 1 takes the most probable token, one after the other', async () => {
    for (const [sentence, { tokens, logProb }] of (await search(5, 1)).entries()) {
      const decoder = new TableDecoder(5, 1);
      const greedy: number[] = [];
      let sum = 0;
      while (greedy.at(-1) !== END && greedy.length < 4) {
        const next = decoder.next(`${sentence}:${[START, ...greedy].join('')}`);
        const best = next.indexOf(Math.max(...next));
        greedy.push(best);
        sum += next[best]!;
      }
      expect(tokens).to.deep.equal(greedy);
      expect(logProb).to.be.closeTo(sum, 1e-6);
    }
  });

  it('finds on average no worse sequences the wider the beam', async () => {
    const mean = async (beam: number) => {
      const all = await Promise.all(Array.from({ length: 50 }, (_, seed) => search(seed, beam)));
      return all.flat().reduce((sum, { logProb }) => sum + logProb / 150, 0);
    };
    const [one, two, four] = [await mean(1), await mean(2), await mean(4)];
    expect(two).to.be.greaterThan(one);
    expect(four).to.be.greaterThan(two);
  });

  it('gives each token the attention of its own sentence and step', async () => {
    for (const beam of [1, 3]) {
      for (const [sentence, { tokens, attention }] of (await search(7, beam)).entries()) {
        // `0:` and the start mark are 3 characters.
        expect(attention.map((row) => [...row])).to.deep.equal(tokens.map((_, step) => [sentence, 3 + step]));
      }
    }
  });

  it('stops when every sentence has ended', async () => {
    const decoder: StepDecoder & { steps: number } = {
      steps: 0,
      async step(parents) {
        this.steps++;
        return { logProbs: Float32Array.from(parents.flatMap(() => [-9, -9, -9, -0.1])) };
      },
    };
    const [{ tokens, attention } = { tokens: [], attention: [] }] = await beamSearch(decoder, 1, {
      beam: 2,
      maxLength: 50,
      start: START,
      end: END,
    });
    expect([tokens, attention, decoder.steps]).to.deep.equal([[END], [], 1]);
  });

  it('refuses a decoder that gives NaN', async () => {
    const broken: StepDecoder = { step: async () => ({ logProbs: new Float32Array(VOCABULARY).fill(Number.NaN) }) };
    await rejection(GraphError, beamSearch(broken, 1, { beam: 1, maxLength: 3, start: START, end: END }));
  });
});
