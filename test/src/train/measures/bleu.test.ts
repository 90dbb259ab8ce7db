import { corpusBleu } from '@onnx-forge/train/measures';
import { expect } from 'chai';

const words = (sentence: string): string[] => sentence.split(' ');

const TRANSLATIONS = [
  'he is a good boy .',
  'i m not going to the party .',
  'she is my sister',
  'you re very kind to me .',
  'they are eating apples',
  'we are here',
].map(words);
const FIRST = [
  'he is a good boy .',
  'i m not going to that party tonight .',
  'she is my older sister .',
  'you are very kind .',
  'they are eating the red apples .',
  'we are not here .',
].map(words);
const SECOND = [
  'he is a nice boy .',
  'i am not going to the party tonight .',
  'this is my older sister .',
  'you re so kind to me .',
  'they re eating some red apples .',
  'we aren t here .',
].map(words);

function expectPercent(parts: readonly number[], percent: readonly number[]): void {
  expect(parts).to.have.length(percent.length);
  for (const [i, part] of parts.entries()) expect(100 * part).to.be.closeTo(percent[i]!, 1e-9);
}

// Expected values: sacrebleu 2.6.0, corpus_bleu(..., tokenize='none', smooth_method='none').
describe('BLEU-4 of a corpus', () => {
  it('one reference a sentence: as sacrebleu computes it', () => {
    const { score, precisions, brevityPenalty, length, referenceLength } = corpusBleu(
      TRANSLATIONS,
      FIRST.map((reference) => [reference]),
    );
    expect(score).to.be.closeTo(44.24507099262381, 1e-9);
    expectPercent(precisions, [87.5, 57.69230769230769, 45, 35.714285714285715]);
    expect(brevityPenalty).to.be.closeTo(0.8290291181804004, 1e-12);
    expect([length, referenceLength]).to.deep.equal([32, 38]);
  });

  it('two references a sentence: n-grams of either count, the nearest length is the one compared with', () => {
    const { score, precisions, referenceLength } = corpusBleu(
      TRANSLATIONS,
      FIRST.map((reference, i) => [reference, SECOND[i]!]),
    );
    expect(score).to.be.closeTo(57.63770676762735, 1e-9);
    expectPercent(precisions, [100, 80.76923076923077, 65, 57.142857142857146]);
    expect(referenceLength).to.equal(40);
  });

  it('clips repeated n-grams by the reference: "the the the ..." has 2 of 7 words right (Papineni et al. 2002)', () => {
    const references = ['the cat is on the mat', 'there is a cat on the mat'].map(words);
    const { score, precisions } = corpusBleu([words('the the the the the the the')], [references]);
    expect(precisions).to.deep.equal([2 / 7, 0, 0, 0]);
    expect(score).to.equal(0);
  });

  it('is 100 for the references themselves, and takes no credit for saying everything twice', () => {
    const references = FIRST.map((reference) => [reference]);
    expect(corpusBleu(FIRST, references).score).to.be.closeTo(100, 1e-9);
    const twice = corpusBleu([[...FIRST[0]!, ...FIRST[0]!]], [[FIRST[0]!]]);
    expect(twice.score).to.be.closeTo(41.72261448611505, 1e-9);
  });

  it('is 0 for empty translations', () => {
    expect(corpusBleu([[], []], [[FIRST[0]!], [FIRST[1]!]])).to.deep.include({ score: 0, brevityPenalty: 0 });
  });
});
