import {
  characters,
  END,
  InputError,
  PADDING,
  padRows,
  START,
  tokeniser,
  UNKNOWN,
  Vocabulary,
  words,
} from '@onnx-forge/infer';
import { expect } from 'chai';
import fc from 'fast-check';

describe('tokenisers', () => {
  it('words: lower case, contractions and hyphens parted, five kinds of mark', () => {
    expect(words("It's NOT bad; don't miss it (really)!")).to.deep.equal(
      ['it', "'s", 'not', 'bad', 'do', "n't", 'miss', 'it', '(', 'really', ')', '!'], // no semicolon
    );
    expect(words('a bug-eyed 1930s film ... naïve')).to.deep.equal([
      'a',
      'bug',
      'eyed',
      '1930s',
      'film',
      '...',
      'naïve',
    ]);
    expect(words('They’ve re-imagined “it”')).to.deep.equal(['they', "'ve", 're', 'imagined', 'it']);
    expect(words("the film -lrb- wo n't sit still -rrb- .")).to.deep.equal([
      'the',
      'film',
      '(',
      'wo',
      "n't",
      'sit',
      'still',
      ')',
    ]);
    expect(words('')).to.deep.equal([]);
    expect(words(' .;: ')).to.deep.equal([]);
  });

  it('words: the composed and the decomposed form of an accent are one token', () => {
    expect(words('cafe\u0301')).to.deep.equal(words('caf\u00e9'));
  });

  it('words: a text that is tokenised already stays as it is', () => {
    const piece = fc.constantFrom(
      'do',
      "n't",
      'it',
      "'s",
      "'ve",
      'film',
      ',',
      '!',
      '?',
      '(',
      ')',
      '...',
      'été',
      '1930s',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (tokens) => {
        expect(words(tokens.join(' '))).to.deep.equal(tokens);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = words(text);
        expect(words(once.join(' '))).to.deep.equal(once);
      }),
    );
  });

  it('characters: code points', () => {
    expect(characters('a😀é')).to.deep.equal(['a', '😀', 'é']);
  });

  it('an unknown tokeniser is one clear line', () => {
    expect(tokeniser('words')).to.equal(words);
    expect(() => tokeniser('bytes')).to.throw(InputError, "there is no tokeniser 'bytes'; known: words, characters");
  });
});

describe('vocabularies', () => {
  const vocabulary = new Vocabulary([PADDING, UNKNOWN, START, END, 'good', 'film']);

  it('encode and decode are each other, and what is unknown becomes one token', () => {
    const ids = vocabulary.encode(['good', 'film'], { start: true, end: true });
    expect(ids).to.deep.equal([2, 4, 5, 3]);
    expect(vocabulary.decode(ids)).to.deep.equal([START, 'good', 'film', END]);
    expect(vocabulary.encode(['good', 'plot'])).to.deep.equal([4, 1]);
    expect(vocabulary.unknown(['good', 'plot'])).to.deep.equal(['plot']);
  });

  it('refuses doubled tokens, ids that are none, and tokens that nothing stands for', () => {
    expect(() => new Vocabulary(['a', 'b', 'a'])).to.throw(InputError, "has 'a' twice, as ids 0 and 2");
    expect(() => vocabulary.token(6)).to.throw(InputError, 'no token 6: the vocabulary has 6');
    expect(() => vocabulary.token(-1)).to.throw(InputError, 'no token -1');
    expect(() => new Vocabulary(['a']).encode(['b'])).to.throw(InputError, "'b' is not among the 1 tokens");
  });

  it('pads rows on the right, and says which row is too long', () => {
    expect(padRows([[1, 2, 3], [4], []])).to.deep.equal({
      type: 'int32',
      dims: [3, 3],
      data: Int32Array.of(1, 2, 3, 4, 0, 0, 0, 0, 0),
    });
    expect(padRows([[1]], { length: 2, padding: 7 }).data).to.deep.equal(Int32Array.of(1, 7));
    expect(padRows([[]]).dims).to.deep.equal([1, 1]);
    expect(() => padRows([[1], [1, 2, 3]], { length: 2 })).to.throw(InputError, 'row 1 has 3 tokens, more than 2');
  });
});
