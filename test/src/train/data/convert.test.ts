import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@onnx-forge/infer';
import { convertData, type DataSet, gather, type Split } from '@onnx-forge/train';
import { openDataSet, SPLIT_NAMES } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { npyBytes } from './npy-bytes.js';
import { failure, temporaryFolder } from './support.js';

const all = (split: Split, field: string) => Array.from(gather(split, field, [...Array(split.size).keys()]));

describe('data in another form', () => {
  const folder = temporaryFolder();
  const images = async (name = 'images.npy', divide = 1): Promise<DataSet> => {
    const levels = Uint8Array.from({ length: 30 * 12 }, (_, i) => (i * 37) % 256);
    const floats = Float32Array.from(levels, (level) => level / 256);
    const bytes = divide === 1 ? npyBytes('|u1', [30, 2, 2, 3], levels) : npyBytes('<f4', [30, 2, 2, 3], floats);
    await writeFile(join(folder.path, name), bytes);
    return openDataSet(join(folder.path, name));
  };

  it('is the same images, in a folder with the splits as they were', async () => {
    const data = await images();
    const path = join(folder.path, 'pictures');
    const converted = await convertData(data, path);
    expect(converted).to.deep.equal({ form: 'image-folder', path, examples: 30 });
    const again = await openDataSet(path);
    for (const split of SPLIT_NAMES) {
      expect(all(again.splits[split], 'x')).to.deep.equal(all(data.splits[split], 'x'));
    }
    expect((await readdir(folder.path)).sort()).to.deep.equal(['images.npy', 'pictures']);
    const there = await failure(InputError, () => convertData(data, path));
    expect(there.message).to.match(/pictures is there already/);
  });

  it('is the same images, in one file with their labels', async () => {
    const labels = Uint8Array.from({ length: 30 }, (_, i) => i % 3);
    await images();
    await writeFile(join(folder.path, 'labels.npy'), npyBytes('|u1', [30], labels));
    const data = await openDataSet(folder.path);
    const path = join(folder.path, 'one.npz');
    await convertData(data, path);
    const again = await openDataSet(path);
    const pairs = ({ splits }: DataSet) =>
      SPLIT_NAMES.flatMap((name) =>
        Array.from({ length: splits[name].size }, (_, i) => {
          return `${gather(splits[name], 'label', [i])} ${gather(splits[name], 'x', [i])}`;
        }),
      );
    expect(pairs(again)).to.have.members(pairs(data));
  });

  it('is the same texts, with their labels and splits', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => `"text, ${i}",${['no', 'yes'][i % 2]}`);
    await writeFile(join(folder.path, 'a.csv'), ['text,label', ...rows].join('\n'));
    const data = await openDataSet(join(folder.path, 'a.csv'));
    const path = join(folder.path, 'a.jsonl');
    await convertData(data, path);
    const again = await openDataSet({
      format: 'jsonl',
      path,
      options: { columns: 'text=text,label=label,split=split' },
    });
    for (const split of SPLIT_NAMES) expect(again.splits[split].texts).to.deep.equal(data.splits[split].texts);
    expect(again.vocabularies).to.deep.equal({ label: ['no', 'yes'] });
  });

  it('is refused where the form can not hold it', async () => {
    const between = await failure(InputError, async () =>
      convertData(await images('floats.npy', 256), join(folder.path, 'pictures')),
    );
    expect(between.message).to.match(/has a level of .* of 255, which PNG files of 8 bits can't hold/);
    const data = await images();
    expect((await failure(InputError, () => convertData(data, join(folder.path, 'a.jsonl')))).message).to.match(
      /has no sentences/,
    );
    expect((await failure(InputError, () => convertData(data, join(folder.path, 'a.zip')))).message).to.match(
      /ends in \.zip; data are converted to/,
    );
    expect((await readdir(folder.path)).sort()).to.deep.equal(['floats.npy', 'images.npy']);
  });
});
