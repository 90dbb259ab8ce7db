import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DataError, gather, loadDataSet } from '@onnx-forge/train';
import { type DataSetDescription, endingIn, listDataSets, verifyDataSet } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { zipSync } from 'fflate';
import { failure, randomBytes, sha256, temporaryFolder, toySet } from './support.js';
import { archive, entry } from './tar-bytes.js';

const content = randomBytes(3000);

describe('loading a data set', () => {
  const folder = temporaryFolder();
  const set = toySet(content);
  const put = (name: string, bytes: Uint8Array): void => {
    mkdirSync(join(folder.path, 'toys'), { recursive: true });
    writeFileSync(join(folder.path, 'toys', name), bytes);
  };
  const load = () => loadDataSet(set, { dataDir: folder.path });
  const status = async () => (await verifyDataSet(set, { dataDir: folder.path })).files.map((file) => file.status);

  it('takes the published file, the unpacked one, and one packed by somebody else', async () => {
    const forms = {
      published: { name: 'toy.bin.gz', bytes: set.packed, match: { name: 'toy.bin.gz', of: set.packed } },
      unpacked: { name: 'toy.bin', bytes: content, match: { name: 'toy.bin', of: content } },
      repacked: { name: 'toy.bin.gz', bytes: gzipSync(content, { level: 1 }), match: { name: 'toy.bin', of: content } },
      misnamed: { name: 'toy.bin', bytes: gzipSync(content, { level: 1 }), match: { name: 'toy.bin', of: content } },
    };
    for (const { name, bytes, match } of Object.values(forms)) {
      rmSync(join(folder.path, 'toys'), { recursive: true, force: true });
      put(name, bytes);
      const { splits, files, embedded } = await load();
      expect(Array.from(gather(splits.train, 'x', [0, 7, 2999]))).to.deep.equal([
        content[0],
        content[7],
        content[2999],
      ]);
      expect(embedded).to.equal(false);
      expect(files).to.deep.equal([{ name: match.name, bytes: match.of.length, sha256: sha256(match.of) }]);
    }
  });

  it('takes the file from the archive that its authors publish, and from what they packed', async () => {
    const long = Buffer.concat([content, Buffer.from('more')]);
    const [file] = set.files;
    const within = { archive: 'official.zip', urls: [], member: 'inside/all.bin', first: content.length };
    const cut = { ...set, files: [{ ...file!, within }] };
    const loadCut = () => loadDataSet(cut, { dataDir: folder.path });
    for (const [name, bytes] of [
      ['official.zip', zipSync({ 'top/inside/all.bin': long, 'top/other': content })],
      ['all.bin', long],
    ] as const) {
      rmSync(join(folder.path, 'toys'), { recursive: true, force: true });
      put(name, bytes);
      const { splits, files } = await loadCut();
      expect(Array.from(gather(splits.train, 'x', [0, 2999]))).to.deep.equal([content[0], content[2999]]);
      expect(files).to.deep.equal([{ name: 'toy.bin', bytes: content.length, sha256: sha256(content) }]);
    }
    put('all.bin', content.subarray(1));
    expect((await failure(DataError, loadCut)).message).to.match(
      /all\.bin is truncated: its content ends at byte 2999/,
    );
    rmSync(join(folder.path, 'toys'), { recursive: true });
    put('official.zip', zipSync({ 'else.bin': long }));
    expect((await failure(DataError, loadCut)).message).to.match(/official\.zip.*expected the file inside\/all\.bin/);
  });

  it('knows many files by their names and bytes, however they are packed', async () => {
    const parts = new Map([...Array(3)].map((_, i) => [`${i}.bin`, content.subarray(i * 1000, (i + 1) * 1000)]));
    const lines = Array.from(parts, ([name, bytes]) => `${sha256(bytes)}  ${name}\n`).sort();
    const choose = endingIn(/(?:^|\/)(\d\.bin)$/);
    const many: DataSetDescription = {
      ...set,
      files: [
        {
          name: 'parts',
          bytes: 3000,
          sha256: sha256(Buffer.from(lines.join(''))),
          urls: [],
          contents: { count: 3, choose },
        },
      ],
      async load({ readContents, ...context }) {
        const found = await readContents('parts');
        const bytes = Buffer.concat([...parts.keys()].map((name) => found.get(name)!.bytes));
        return set.load({ ...context, readContents, read: async () => ({ file: 'parts', bytes }) });
      },
    };
    const loadMany = async () => {
      const { splits, files } = await loadDataSet(many, { dataDir: folder.path });
      expect(Array.from(gather(splits.train, 'x', [0, 1000, 2999]))).to.deep.equal(
        [0, 1000, 2999].map((i) => content[i]),
      );
      return files[0]!.name;
    };
    const named = (above: string) => Array.from(parts, ([name, bytes]) => [`${above}${name}`, bytes] as const);
    put('any.zip', zipSync(Object.fromEntries([...named('top/'), ['top/README', content]])));
    expect(await loadMany()).to.equal('parts');
    rmSync(join(folder.path, 'toys'), { recursive: true });
    put('other.tgz', gzipSync(archive(...named('').map(([name, bytes]) => entry(name, bytes)))));
    await loadMany();
    rmSync(join(folder.path, 'toys', 'other.tgz'));
    for (const [name, bytes] of named('')) put(name, bytes);
    await loadMany();
    put('1.bin', content.subarray(0, 1000));
    const changed = await failure(DataError, loadMany);
    expect(changed.message).to.match(/its files are others: they have sha256 \w+ \(sha256 \w+ expected\)/);
  });

  it('is content with one good copy beside a damaged one', async () => {
    put('toy.bin.gz', set.packed.subarray(0, 99));
    put('toy.bin', content);
    await load();
    expect(await status()).to.deep.equal(['ok']);
  });

  it('says which file is missing and how to get it', async () => {
    const error = await failure(DataError, load);
    expect(error.code).to.equal('data-missing');
    expect(error.message).to.include(join(folder.path, 'toys', 'toy.bin.gz'));
    expect(error.message).to.include('onnx-forge data fetch toy').and.to.include('ONNX_FORGE_DATA');
    expect(await status()).to.deep.equal(['missing']);
  });

  it('says where a truncated file ends and what hash was expected', async () => {
    put('toy.bin.gz', set.packed.subarray(0, 1234));
    const packed = await failure(DataError, load);
    expect(packed.code).to.equal('data-damaged');
    expect(packed.message).to.match(/toy\.bin\.gz is truncated: it ends at byte 1234/);
    expect(packed.message).to.include(set.files[0]!.gzip!.sha256);
    expect(await status()).to.deep.equal(['truncated']);

    put('toy.bin.gz', content.subarray(0, 2000)); // not packed after all
    const plain = await failure(DataError, load);
    expect(plain.message).to.match(/truncated: its content ends at byte 2000 of 3000/);
    expect(plain.message).to.include(set.files[0]!.sha256);

    put('toy.bin.gz', new Uint8Array());
    expect((await failure(DataError, load)).message).to.match(/ends at byte 0 of 3000/);
  });

  it('tells a changed file by its hash', async () => {
    const changed = content.slice();
    changed[1500]! ^= 1;
    put('toy.bin', changed);
    const error = await failure(DataError, load);
    expect(error.code).to.equal('data-damaged');
    expect(error.message).to.include(sha256(changed)).and.to.include(set.files[0]!.sha256);
    expect(await status()).to.deep.equal(['wrong hash']);
  });

  it('stops when aborted', async () => {
    put('toy.bin', content);
    const error = await failure(Error, () => loadDataSet(set, { dataDir: folder.path, signal: AbortSignal.abort() }));
    expect(error.name).to.equal('AbortError');
  });

  it('uses ONNX_FORGE_DATA when no folder is named', async () => {
    put('toy.bin', content);
    const before = process.env.ONNX_FORGE_DATA;
    process.env.ONNX_FORGE_DATA = folder.path;
    try {
      expect((await loadDataSet(set)).splits.test.size).to.equal(3000);
    } finally {
      if (before === undefined) delete process.env.ONNX_FORGE_DATA;
      else process.env.ONNX_FORGE_DATA = before;
    }
  });

  it('suggests the nearest name for an unknown one', async () => {
    const error = await failure(DataError, () => loadDataSet('minst'));
    expect(error.code).to.equal('data-unknown');
    expect(error.message).to.include("did you mean 'mnist'?");
    expect((await failure(DataError, () => verifyDataSet('binarised-mnist'))).message).to.include("'binarized-mnist'");
    await failure(DataError, () => loadDataSet('mnist+sepia'));
    await failure(DataError, () => loadDataSet(''));
  });
});

describe('the list of data sets', () => {
  const folder = temporaryFolder();

  it('has each once, tells what is here and what needs no files', () => {
    const list = listDataSets({ dataDir: folder.path });
    const names = list.map(({ name }) => name);
    expect(names).to.include.members(['mnist', 'binarized-mnist', 'svhn', 'cifar10', 'synthetic-digits']);
    expect(new Set(names).size).to.equal(names.length);
    // The folder is empty: here is only what is generated.
    for (const { name, present, embedded } of list) {
      expect({ present, embedded }, name).to.deep.equal(
        name.startsWith('synthetic-') ? { present: true, embedded: true } : { present: false, embedded: false },
      );
    }
  });

  it('is plain JSON', () => {
    const list = listDataSets({ dataDir: folder.path });
    expect(JSON.parse(JSON.stringify(list))).to.deep.equal(list);
  });
});
