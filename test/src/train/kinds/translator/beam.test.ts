import { GraphError, Random, type Translation } from '@onnx-forge/infer';
import { type Served, tf, translatorModel, useBackend } from '@onnx-forge/train';
import { assert } from 'chai';
import { liveModelOf } from '../../live-model.js';
import { rejection } from '../../rejects.js';

const MARKS = ['<pad>', '<unk>', '<sos>', '<eos>'];
const END = 3;
const WORDS = ['a', 'b', 'c', 'd', 'e'];
/** States that the decoder can be in. */
const STATES = 11;

interface Table {
  /** [states, vocabulary] */
  readonly logits: readonly (readonly number[])[];
  readonly maxWords: number;
  readonly end?: boolean;
  readonly attention?: boolean;
  readonly given?: 'logits' | 'logProbs';
}

const vocabulary = [...MARKS, ...WORDS];

/** A translator whose next token depends on a number that the sentence and the tokens so far make: (3 state + token) mod 11. */
function tableModel({
  logits,
  maxWords,
  end = true,
  attention = false,
  given = 'logits',
}: Table): Served<'translator'> {
  return translatorModel({
    pairs: { maxWords, sourceStart: false, sourceEnd: true, targetEnd: end },
    facts: { vocabularies: { source: vocabulary, target: vocabulary } },
    units: 1,
    attention,
    encode(source) {
      const state = source.sum(1, true).toFloat().mod(STATES);
      return { outputs: source.toFloat().expandDims(2), state };
    },
    decodeStep({ token, state }, seen) {
      const next = tf.gather(tf.tensor2d(logits as number[][]), state.reshape([-1]).toInt());
      return {
        ...(given === 'logits' ? { logits: next } : { logProbs: tf.logSoftmax(next) }),
        nextState: state.mul(3).add(token.expandDims(1).toFloat()).mod(STATES),
        // Tells the sentence and the state.
        ...(seen && { attention: seen.source.toFloat().add(state.mul(100)) }),
      };
    },
  });
}

const seededLogits = (seed: number, spread = 2): number[][] => {
  const random = new Random(seed);
  return Array.from({ length: STATES }, () => vocabulary.map(() => spread * random.normal()));
};

/** The same model with the graph of beam search and without, and the graphs that ran. */
async function both(table: Table) {
  const served = tableModel(table);
  const { beamSearch: _, ...stepwise } = served.graphs;
  const ran: string[] = [];
  const vocabularies = { source: vocabulary, target: vocabulary };
  const noted = { exported: new Set<string>(), onOutputs: (graph: string) => void ran.push(graph) };
  return {
    whole: await liveModelOf(served, { vocabularies }, noted),
    steps: await liveModelOf({ ...served, graphs: stepwise }, { vocabularies }, { exported: new Set<string>() }),
    ran,
  };
}

function assertAlike(found: readonly Translation[], expected: readonly Translation[]): void {
  assert.lengthOf(found, expected.length);
  for (const [i, { attention, logProb, ...same }] of expected.entries()) {
    const { attention: paid, logProb: sum, ...others } = found[i]!;
    assert.deepEqual(others, same);
    assert.closeTo(sum, logProb, 1e-5);
    assert.deepEqual(paid, attention);
  }
}

/** log p of every translation of a sentence, in float64. */
function everyTranslation({ logits, maxWords }: Table, sentence: readonly number[]) {
  const all: { tokens: number[]; logProb: number }[] = [];
  const extend = (tokens: number[], state: number, last: number, logProb: number): void => {
    const row = logits[state]!;
    const norm = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
    for (const [token, value] of row.entries()) {
      const longer = { tokens: [...tokens, token], logProb: logProb + value - norm };
      // The end mark is one token more than the words.
      if (token === END || longer.tokens.length === maxWords + 1) all.push(longer);
      else extend(longer.tokens, (3 * state + last) % STATES, token, longer.logProb);
    }
  };
  extend([], [...sentence, END].reduce((sum, id) => sum + id, 0) % STATES, MARKS.indexOf('<sos>'), 0);
  return all;
}

/** Of different lengths, the longer ones first. */
const TEXTS = ['a b c d', 'e d c', 'b', 'a a', 'e', 'c b a', 'd d d d', 'b e'];

describe('the graph of beam search', () => {
  before(() => useBackend('cpu'));

  it('writes what the steps write: sentences of different lengths, ended beams, the widest beam, alone and together', async () => {
    const lengths = new Set<number>();
    for (const [seed, table] of [
      [1, { maxWords: 4, attention: true }],
      [2, { maxWords: 4, attention: false }],
      [3, { maxWords: 4, end: false, attention: true }],
      [4, { maxWords: 4, given: 'logProbs' }],
    ] as const) {
      const { whole, steps, ran } = await both({ logits: seededLogits(seed), ...table });
      await using _ = whole;
      await using __ = steps;
      for (const beam of [1, 2, 3, vocabulary.length]) {
        const expected = await steps.translate(TEXTS, { beam });
        assertAlike(await whole.translate(TEXTS, { beam }), expected);
        assertAlike([await whole.translate(TEXTS[2]!, { beam })], [expected[2]!]);
        for (const { tokens } of expected) lengths.add(tokens.length);
      }
      assert.deepEqual(new Set(ran), new Set(['beamSearch']));
    }
    assert.isAbove(lengths.size, 2);
  });

  it('is left to the steps with a length penalty, which it does not know', async () => {
    let longer = 0;
    for (let seed = 1; seed <= 4; seed++) {
      const { whole, steps, ran } = await both({ logits: seededLogits(seed, 1), maxWords: 4 });
      await using _ = whole;
      await using __ = steps;
      const options = { beam: 5, lengthPenalty: 2 };
      const penalised = await whole.translate(TEXTS, options);
      assertAlike(penalised, await steps.translate(TEXTS, options));
      assert.notInclude(ran, 'beamSearch');
      const plain = await whole.translate(TEXTS, { beam: 5 });
      longer += plain.filter(({ tokens }, i) => penalised[i]!.tokens.length > tokens.length).length;
    }
    assert.isAbove(longer, 0);
  });

  it('finds the most probable translation of all where the beam holds every candidate', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const table = { logits: seededLogits(seed), maxWords: 1 };
      const { whole, steps } = await both(table);
      await using _ = whole;
      await using __ = steps;
      for (const found of await whole.translate(['a', 'b', 'c', 'd', 'e'], { beam: vocabulary.length })) {
        const sentence = found.sourceTokens.slice(0, -1).map((token) => vocabulary.indexOf(token));
        const all = everyTranslation(table, sentence);
        const best = all.reduce((one, other) => (other.logProb > one.logProb ? other : one));
        assert.deepEqual(
          found.tokens.map((token) => vocabulary.indexOf(token)),
          best.tokens,
        );
        assert.closeTo(found.logProb, best.logProb, 1e-5);
      }
    }
  });

  it('of equally probable tokens and sequences takes the first, as the steps do', async () => {
    // In every state four tokens of p = 1 / 4, so that all sequences of a length are tied, whatever the order of the sum.
    const tied = (seed: number, endIn: number): number[][] => {
      const random = new Random(seed);
      return Array.from({ length: STATES }, (_, state) => {
        const ends = state < endIn ? [END] : [];
        const others = [0, 1, 2, 4, 5, 6, 7, 8].sort(
          (one, other) => random.fork(`${state} ${one}`).uniform() - random.fork(`${state} ${other}`).uniform(),
        );
        const likely = [...ends, ...others].slice(0, 4);
        return vocabulary.map((_, id) => (likely.includes(id) ? 0 : -30));
      });
    };
    for (const logits of [
      tied(1, 0),
      tied(2, 3),
      tied(3, 6),
      Array.from({ length: STATES }, () => vocabulary.map(() => 0)),
    ]) {
      const { whole, steps } = await both({ logits, maxWords: 3, attention: true });
      await using _ = whole;
      await using __ = steps;
      for (const beam of [1, 2, 5]) {
        assertAlike(
          await whole.translate(TEXTS.slice(1, 6), { beam }),
          await steps.translate(TEXTS.slice(1, 6), { beam }),
        );
      }
    }
  });

  it('adds no bonus for length: a short translation wins over a longer one that is less probable', async () => {
    // The end mark has p = .4 in each step, any other token less.
    const p = vocabulary.map((_, id) => Math.log(id === END ? 0.4 : 0.6 / (vocabulary.length - 1)));
    const { whole, steps } = await both({ logits: Array.from({ length: STATES }, () => p), maxWords: 4 });
    await using _ = whole;
    await using __ = steps;
    for (const { tokens, logProb } of await whole.translate(TEXTS, { beam: 4 })) {
      assert.deepEqual(tokens, ['<eos>']);
      assert.closeTo(logProb, Math.log(0.4), 1e-6);
    }
  });

  it('refuses numbers that are none', async () => {
    const logits = Array.from({ length: STATES }, () => vocabulary.map(() => Number.NaN));
    const { whole, steps } = await both({ logits, maxWords: 3 });
    await using _ = whole;
    await using __ = steps;
    const error = await rejection(() => whole.translate('a', { beam: 2 }));
    assert.instanceOf(error, GraphError);
    assert.match(error.message, /^log p of a translation is NaN/);
  });
});
