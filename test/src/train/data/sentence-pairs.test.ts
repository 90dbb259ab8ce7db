import { asciiWords, Random } from '@onnx-forge/infer';
import {
  DataError,
  type DataSet,
  FormatError,
  gather,
  loadDataSet,
  SENTENCE_IDS,
  sentencePairs,
} from '@onnx-forge/train';
import { parsePairs, splitGroups, tutorialPairs } from '@onnx-forge/train/data';
import { expect } from 'chai';
import fc from 'fast-check';
import { failure, realData } from './support.js';

const PLAIN = { maxWords: 9, sourceStart: false, sourceEnd: true, targetEnd: true };

function setsOf(data: DataSet, text: 'source' | 'target') {
  const { train, validation, test } = data.splits;
  return [train, validation, test].map((split) => new Set(split.texts![text]!.map((one) => asciiWords(one).join(' '))));
}

function expectDisjoint<T>(...sets: readonly ReadonlySet<T>[]): void {
  const union = new Set(sets.flatMap((set) => [...set]));
  expect(union.size).to.equal(sets.reduce((sum, { size }) => sum + size, 0));
}

describe('words without accents', () => {
  it('are what the PyTorch tutorial makes of a sentence', () => {
    expect(asciiWords("  C'est déjà l'été, n'est-ce pas ?")).to.deep.equal(
      'c est deja l ete n est ce pas ?'.split(' '),
    );
    expect(asciiWords("I'm OK...")).to.deep.equal(['i', 'm', 'ok', '.', '.', '.']);
    expect(asciiWords('Ça coûte 12,50 €!')).to.deep.equal(['ca', 'coute', '!']);
    // A mark goes on with letters that follow it at once.
    expect(asciiWords('a.m. Non!Oui')).to.deep.equal(['a', '.m', '.', 'non', '!oui']);
    expect(asciiWords('123 \u3042')).to.deep.equal([]);
  });

  it('stay what they are when joined and read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = asciiWords(text).join(' ');
        expect(asciiWords(once).join(' ')).to.equal(once);
      }),
    );
  });
});

describe('English-French pairs', () => {
  const file = 'eng-fra.txt';

  it('are lines with one tab; another line is named by its byte', async () => {
    const bytes = Buffer.from('Go.\tVa !\nI am é.\tJe suis.\n');
    expect(parsePairs({ file, bytes })).to.deep.equal([
      { english: 'Go.', french: 'Va !' },
      { english: 'I am é.', french: 'Je suis.' },
    ]);
    for (const [text, found] of [
      ['Gó.\tVa !\nRun\n', '1'],
      ['Gó.\tVa !\na\tb\tc\n', '3'],
      ['Gó.\tVa !\n\tb\n', 'an empty one'],
    ]) {
      const error = await failure(FormatError, () => parsePairs({ file, bytes: Buffer.from(text!) }));
      expect(error.message).to.equal(`${file}: at byte 10: expected two sentences with a tab between, found ${found}`);
    }
    const windows = Buffer.from('\ufeffGó.\tVa !\r\nI am é.\tJe suis.\r\n');
    expect(parsePairs({ file, bytes: windows })).to.deep.equal([
      { english: 'Gó.', french: 'Va !' },
      { english: 'I am é.', french: 'Je suis.' },
    ]);
    const third = Buffer.concat([windows, Buffer.from('Run\r\n')]);
    expect((await failure(FormatError, () => parsePairs({ file, bytes: third }))).message).to.contain('at byte 33:');
    const error = await failure(FormatError, () => parsePairs({ file, bytes: Uint8Array.of(0x61, 0x09, 0xe9) }));
    expect(error.message).to.contain('expected utf-8 text in line 1');
  });

  it('pass the filter when short and about somebody', () => {
    const passes = (english: string, french = 'oui .') => tutorialPairs([{ english, french }]).length === 1;
    expect(passes("I'm happy.")).to.equal(true);
    expect(passes("He isn't here.")).to.equal(true);
    expect(passes('I amble.')).to.equal(false);
    expect(passes('Is he here?')).to.equal(false);
    expect(passes('I am one two three four five six .')).to.equal(true);
    expect(passes('I am one two three four five six seven .')).to.equal(false);
    expect(passes('I am.', 'un deux trois quatre cinq six sept huit neuf .')).to.equal(false);
  });

  it('of Tatoeba: 10,599 pass, with 4,345 French and 2,803 English words as the tutorial counts; no English one twice', async function () {
    const data = await loadDataSet('eng-fra', { dataDir: realData(this) });
    const { train, validation, test } = data.splits;
    expect([train.size, validation.size, test.size]).to.deep.equal([9007, 530, 1062]);
    expect(train.size + validation.size + test.size).to.equal(10_599);
    const words = (text: 'source' | 'target') =>
      new Set([train, validation, test].flatMap(({ texts }) => texts![text]!.flatMap(asciiWords))).size;
    // The tutorial counts its two marks, SOS and EOS.
    expect([words('source') + 2, words('target') + 2]).to.deep.equal([4345, 2803]);
    const [a, b, c] = setsOf(data, 'target');
    expectDisjoint(a!, b!, c!);
  });
});

describe('groups of examples', () => {
  it('are in one split each; validation and test are as large as asked for, and not by more than a group', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 60, maxLength: 200 }),
        fc.integer(),
        (keys, seed) => {
          const groups = keys.map(String);
          const splits = splitGroups(groups, { validation: 0.1, test: 0.2 }, new Random(seed));
          const all = [...splits.train, ...splits.validation, ...splits.test].sort((a, b) => a - b);
          expect(all).to.deep.equal(groups.map((_, i) => i));
          const of = (name: 'train' | 'validation' | 'test') => new Set(splits[name].map((i) => groups[i]));
          expectDisjoint(of('train'), of('validation'), of('test'));
          const largest = Math.max(...[...new Set(groups)].map((key) => groups.filter((one) => one === key).length));
          expect(splits.test.length).to.be.within(0.2 * groups.length, 0.2 * groups.length + largest);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('synthetic-grammar', () => {
  it('is the same for the same seed, no English sentence twice, and fits into 9 words', async () => {
    const [one, same, other] = [
      await loadDataSet('synthetic-grammar'),
      await loadDataSet('synthetic-grammar'),
      await loadDataSet('synthetic-grammar', { seed: 1 }),
    ];
    expect(one.splits.train.texts).to.deep.equal(same.splits.train.texts);
    expect(one.splits.train.texts).to.not.deep.equal(other.splits.train.texts);
    const [a, b, c] = setsOf(one, 'target');
    expect(a!.size + b!.size + c!.size).to.equal(5000);
    expectDisjoint(a!, b!, c!);
    expect(() => sentencePairs(one, PLAIN)).to.not.throw();
  });
});

describe('token ids of sentence pairs', () => {
  const pairs = (source: string[], target: string[]) => ({
    size: source.length,
    fields: {},
    texts: { source, target },
  });
  const data: DataSet = {
    name: 'tiny',
    files: [],
    embedded: true,
    splits: {
      train: pairs(['le chat .', 'le chien !'], ['the cat .', 'the dog !']),
      validation: pairs(['un chat .'], ['a cat .']),
      test: pairs(['un chien'], ['a dog']),
    },
  };
  const { padding, unknown, start, end } = SENTENCE_IDS;

  it('have the marks asked for, and words of other splits are unknown', () => {
    const prepared = sentencePairs(data, { maxWords: 4, sourceStart: true, sourceEnd: true, targetEnd: true });
    const { source, target } = prepared.vocabularies!;
    expect(source).to.deep.equal(['<pad>', '<unk>', '<sos>', '<eos>', 'le', 'chat', '.', 'chien', '!']);
    const { validation, test } = prepared.splits;
    expect([...gather(validation, 'source', [0])]).to.deep.equal([start, unknown, 5, 6, end, padding]);
    expect([...gather(test, 'target', [0])]).to.deep.equal([unknown, target!.indexOf('dog'), end, padding, padding]);
    const bare = sentencePairs(data, { maxWords: 3, sourceStart: false, sourceEnd: false, targetEnd: false });
    expect([...gather(bare.splits.train, 'source', [0])]).to.deep.equal([4, 5, 6]);
  });

  it('refuse a sentence that is too long, and data without sentences', async () => {
    const long = await failure(DataError, () => sentencePairs(data, { ...PLAIN, maxWords: 2 }));
    expect(long.message).to.equal(
      "data set tiny has a source sentence of 3 words and marks, but maxWords is 2: 'le chat .'",
    );
    const bare = { ...data, splits: { ...data.splits, train: { size: 0, fields: {} } } };
    const none = await failure(DataError, () => sentencePairs(bare, PLAIN));
    expect(none.message).to.equal("data set tiny has no text 'source'");
  });
});
