import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from '@onnx-forge/train';
import { openReference, referTo } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { failure } from './support.js';

/** Files that PyArrow wrote (codecs.py beside them). */
const FOLDER = fileURLToPath(new URL('../../../fixtures/parquet/codecs/', import.meta.url));
const SPLITS = ['train', 'validation', 'test'] as const;

const open = async (name: string, options?: Parameters<typeof referTo>[1]) =>
  openReference(await referTo(join(FOLDER, name), options));

describe('Parquet files of PyArrow', () => {
  const packed = readdirSync(FOLDER).filter((name) => /^\w+-[12]\.parquet$|^delta/.test(name));
  const wanted = Array.from({ length: 32 }, (_, i) => `text ${i} é ${'and more '.repeat(i % 5)}`.trim());

  it('are there in all packings and both versions of pages', () => {
    expect(packed).to.have.length(13);
  });

  for (const name of packed) {
    it(`${name}: four groups of rows, each text with its class`, async () => {
      const { splits, vocabularies } = await open(name);
      expect(vocabularies).to.deep.equal({ label: ['bad', 'good'] });
      const texts = SPLITS.flatMap((split) => splits[split].texts!.text!);
      expect(texts).to.have.members(wanted);
      for (const split of SPLITS) {
        const { size, fields, texts } = splits[split];
        const label = new Int32Array(1);
        for (let index = 0; index < size; index++) {
          fields.label!.read(index, label, 0);
          expect(label[0]).to.equal(wanted.indexOf(texts!.text![index]!) % 2);
        }
      }
    });
  }

  it('columns within a column are named by a dot, as of the translations on the hub; lists beside them do not matter', async () => {
    const none = await failure(DataError, () => open('nested.parquet'));
    expect(none.message).to.include('columns: id, tags, translation.en, translation.fr.');
    const { splits } = await open('nested.parquet', { columns: 'source=translation.en,target=translation.fr' });
    const { source, target } = splits.train.texts!;
    expect(target).to.deep.equal(source!.map((word) => word.replace('word', 'mot')));
    const list = await failure(DataError, () => open('nested.parquet', { columns: 'text=tags' }));
    expect(list.message).to.match(/row 0 has no text in the column 'tags'/);
  });

  it('of which the images lie elsewhere are refused', async () => {
    const { message } = await failure(DataError, () => open('paths.parquet'));
    expect(message).to.include("has no image in the column 'image' but the path of one, '0.png'");
  });
});
