import { PADDING, UNKNOWN, words } from '@onnx-forge/infer';
import { DataError, type DataSet, FormatError, gather, tokeniseTexts } from '@onnx-forge/train';
import { buildVocabulary, parseLines } from '@onnx-forge/train/data';
import { expect } from 'chai';
import fc from 'fast-check';
import { failure } from './support.js';

const file = 'sentences';

describe('lines of a text file', () => {
  it('UTF-8: reads back any lines, with or without the last newline', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), fc.boolean(), (lines, newline) => {
        fc.pre(newline || lines.at(-1) !== '');
        const bytes = Buffer.from(lines.join('\n') + (newline ? '\n' : ''));
        expect(parseLines({ file, bytes }, 'utf-8')).to.deep.equal(lines);
      }),
    );
  });

  it('Windows-1252: every byte is a character; only 0x0a ends a line', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const lines = parseLines({ file, bytes }, 'windows-1252');
        expect(lines.join('\n').length).to.equal(bytes.length - (bytes.at(-1) === 0x0a ? 1 : 0));
      }),
    );
    const bytes = Uint8Array.of(0x61, 0x85, 0x93, 0xe9, 0x0d, 0x0a, 0x62);
    expect(parseLines({ file, bytes }, 'windows-1252')).to.deep.equal(['a…“é\r', 'b']);
  });

  it('names the line that is not UTF-8', async () => {
    const bytes = Uint8Array.of(0x61, 0x0a, 0x62, 0xe9, 0x0a);
    const error = await failure(FormatError, () => parseLines({ file, bytes }, 'utf-8'));
    expect(error.message).to.match(/^sentences: at byte 2: expected utf-8 text in line 2/);
  });
});

function sentences(texts: { train: string[]; validation: string[]; test: string[] }): DataSet {
  const split = (text: string[]) => ({ size: text.length, fields: {}, texts: { text } });
  const splits = { train: split(texts.train), validation: split(texts.validation), test: split(texts.test) };
  return { name: 'tiny', files: [], embedded: true, splits };
}

describe('vocabulary of a data set', () => {
  const data = sentences({
    train: ['a good good film', 'a plot', 'good'],
    validation: ['a bad film'],
    test: ['good plot twist , and what a twist'],
  });

  it('orders by frequency after the special tokens, and leaves out the rare', () => {
    const texts = [
      ['b', 'a'],
      ['c', 'a'],
      ['c', UNKNOWN],
    ];
    expect(buildVocabulary(texts).tokens).to.deep.equal([PADDING, UNKNOWN, 'a', 'c', 'b']);
    expect(buildVocabulary(texts, { minCount: 2 }).tokens).to.deep.equal([PADDING, UNKNOWN, 'a', 'c']);
    expect(buildVocabulary(texts, { maxSize: 3, special: ['<pad>'] }).tokens).to.deep.equal(['<pad>', 'a', 'c']);
  });

  it('knows the training split alone; other words are unknown', () => {
    const { splits, vocabularies } = tokeniseTexts(data, {
      tokenise: words,
      text: 'text',
      field: 'tokens',
      length: 4,
    });
    expect(vocabularies).to.deep.equal({ tokens: [PADDING, UNKNOWN, 'good', 'a', 'film', 'plot'] });
    expect(gather(splits.train, 'tokens', [0, 1])).to.deep.equal(Int32Array.of(3, 2, 2, 4, 3, 5, 0, 0));
    expect(gather(splits.validation, 'tokens', [0])).to.deep.equal(Int32Array.of(3, 1, 4, 0));
    expect(gather(splits.test, 'tokens', [0]), 'cut at 4').to.deep.equal(Int32Array.of(2, 5, 1, 1));
    expect(splits.test.texts?.text?.[0], 'the text stays').to.equal('good plot twist , and what a twist');
  });

  it('leaves a data set alone that is tokenised already; says when there is no such text', async () => {
    const options = { tokenise: words, text: 'text', length: 4 };
    const once = tokeniseTexts(data, options);
    expect(tokeniseTexts(once, options)).to.equal(once);
    const error = await failure(DataError, () => tokeniseTexts(data, { ...options, text: 'english' }));
    expect(error.message).to.equal("data set tiny has no text 'english'");
  });
});
