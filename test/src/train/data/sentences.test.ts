import { chooseFold, type DataSet, FormatError, gather, loadDataSet, type Split } from '@onnx-forge/train';
import { FOLDS, parseLabelledTexts, SPLIT_NAMES } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { failure, realData } from './support.js';

const labelsOf = (split: Split) =>
  gather(
    split,
    'label',
    Array.from({ length: split.size }, (_, i) => i),
  );
const textsOf = (split: Split) => split.texts!.text!;
const positives = (split: Split) => labelsOf(split).filter((label) => label === 1).length;

describe('synthetic sentences', () => {
  it('are the same for the same seed, half of them positive', async () => {
    const [one, again, other] = await Promise.all(
      [0, 0, 1].map((seed) => loadDataSet('synthetic-sentences', { seed })),
    );
    for (const name of SPLIT_NAMES) {
      expect(textsOf(one!.splits[name])).to.deep.equal(textsOf(again!.splits[name]));
      expect(textsOf(one!.splits[name])).to.not.deep.equal(textsOf(other!.splits[name]));
      expect(positives(one!.splits[name])).to.equal(one!.splits[name].size / 2);
    }
    expect(one).to.deep.include({ embedded: true, files: [] });
  });

  it('can not be told apart by counting words', async () => {
    const { train, test } = (await loadDataSet('synthetic-sentences')).splits;
    const score = wordScores(train);
    const right = textsOf(test).filter((text, i) => {
      const sum = text.split(' ').reduce((total, word) => total + (score.get(word) ?? 0), 0);
      return Number(sum > 0) === labelsOf(test)[i];
    });
    // Naive Bayes; guessing gives 0.5.
    expect(right.length / test.size).to.be.within(0.52, 0.75);
  });
});

/** log p(word | positive) - log p(word | negative), with one added to every count. */
function wordScores(split: Split): Map<string, number> {
  const counts = new Map<string, [number, number]>();
  const labels = labelsOf(split);
  for (const [i, text] of textsOf(split).entries()) {
    for (const word of text.split(' ')) {
      const count = counts.get(word) ?? [1, 1];
      count[labels[i]!]!++;
      counts.set(word, count);
    }
  }
  return new Map([...counts].map(([word, [negative, positive]]) => [word, Math.log(positive / negative)]));
}

describe('folds', () => {
  /** 40 examples, the text of each its number. */
  const size = 40;
  const all: Split = {
    size,
    fields: { fold: numbers((i) => i % FOLDS), label: numbers((i) => i % 2) },
    texts: { text: Array.from({ length: size }, (_, i) => `${i}`) },
  };
  const empty: Split = { ...all, size: 0, texts: { text: [] } };
  const data: DataSet = {
    name: 'tiny',
    files: [],
    embedded: true,
    splits: { train: all, validation: empty, test: empty },
  };

  it('every example is tested once, validated once, and in no two splits of a fold', () => {
    const tested: string[] = [];
    for (let fold = 0; fold < FOLDS; fold++) {
      const { train, validation, test } = chooseFold(data, fold).splits;
      tested.push(...textsOf(test));
      expect([train.size, validation.size, test.size]).to.deep.equal([32, 4, 4]);
      expect(new Set([train, validation, test].flatMap(textsOf)).size).to.equal(size);
      expect(Array.from(labelsOf(test))).to.deep.equal(textsOf(test).map((text) => Number(text) % 2));
    }
    expect(new Set(tested).size).to.equal(size);
  });

  it('choosing again chooses from all', () => {
    const again = chooseFold(chooseFold(chooseFold(data, 7), 2), 7).splits.test;
    expect(textsOf(again)).to.have.members(textsOf(chooseFold(data, 7).splits.test));
  });
});

function numbers(of: (index: number) => number): Split['fields'][string] {
  return {
    shape: [],
    dtype: 'int32',
    read: (index, out, offset) => {
      out[offset] = of(index);
    },
  };
}

describe('the real sentences', () => {
  let dataDir = '';
  before(function () {
    dataDir = realData(this);
  });

  it('sst2 has the published counts', async () => {
    const { splits, files } = await loadDataSet('sst2', { dataDir });
    expect(SPLIT_NAMES.map((name) => splits[name].size)).to.deep.equal([6_920, 872, 1_821]);
    expect(SPLIT_NAMES.map((name) => positives(splits[name]))).to.deep.equal([3_610, 444, 909]);
    expect(textsOf(splits.test)[0]).to.match(/^no movement , no yuks , not much of anything \.$/);
    expect(files).to.have.length(3);
  });

  it('sst2-phrases trains on all phrases and tests on sentences; no test sentence is a training phrase', async () => {
    const { splits } = await loadDataSet('sst2-phrases', { dataDir });
    expect(SPLIT_NAMES.map((name) => splits[name].size)).to.deep.equal([67_349, 872, 1_821]);
    expect(positives(splits.train)).to.equal(37_569);
    const phrases = new Set(textsOf(splits.train));
    // A sentence of three words is also a phrase of another.
    expect(textsOf(splits.test).filter((text) => phrases.has(text))).to.deep.equal(["what 's next ?"]);
  });

  it('mr has both classes evenly in ten folds, and characters of Windows-1252', async () => {
    const data = await loadDataSet('mr', { dataDir });
    const sizes = [];
    for (let fold = 0; fold < FOLDS; fold++) {
      const { train, validation, test } = chooseFold(data, fold).splits;
      sizes.push(test.size);
      expect(train.size + validation.size + test.size).to.equal(10_662);
      expect(positives(test)).to.be.within(533, 534);
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(10_662);
    const texts = SPLIT_NAMES.flatMap((name) => textsOf(data.splits[name]));
    expect(texts.some((text) => text.includes('é'))).to.equal(true);
    expect(texts.every((text) => !text.includes('\ufffd') && text === text.trim())).to.equal(true);
  });
});

describe('a file of labelled sentences', () => {
  it('is refused at the first line that has no label', async () => {
    const form = /^(?<label>[01]) (?<text>.*)$/su;
    const { texts, labels } = parseLabelledTexts('f', ['1 good', '0 bad film '], form);
    expect([texts, labels]).to.deep.equal([['good', 'bad film'], Uint8Array.of(1, 0)]);
    const error = await failure(FormatError, () => parseLabelledTexts('f', ['1 é', '2 bad'], form));
    expect(error.message).to.equal("f: at byte 5: expected a label 0 or 1 beside a text in line 2, found '2 bad'");
  });
});
