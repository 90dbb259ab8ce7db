import { readFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import { parseParquet } from '../../../../../packages/train/dist/data/formats/parquet.js';
import { readZip } from '../../../../../packages/train/dist/data/formats/zip.js';
import { repairZip, ZIP_WORDS } from '../formats/zip.js';
import type { OpenTarget } from '../target.js';

const PARQUET = new URL('../../../../fixtures/parquet/', import.meta.url);

export const zip: OpenTarget = async () => ({
  name: 'zip',
  seeds: [
    zipSync({ 'a/one.png': Uint8Array.of(1, 2, 3), 'b/two.txt': Uint8Array.from(Buffer.from('two')) }),
    zipSync({ 'x.csv': [Uint8Array.from(Buffer.from('text,label\na,b\n')), { level: 0 }] }),
  ],
  words: ZIP_WORDS,
  repair: repairZip,
  read: (bytes) => readZip({ file: 'x.zip', bytes }),
});

export const parquet: OpenTarget = async () => ({
  name: 'parquet',
  seeds: await Promise.all(
    [
      'images-snappy',
      'images-gzip',
      'texts-gzip',
      'codecs/zstd-1',
      'codecs/zstd-2',
      'codecs/none-1',
      'codecs/delta',
      'codecs/lz4-1',
      'codecs/brotli-1',
      'codecs/nested',
    ].map((name) => readFile(new URL(`${name}.parquet`, PARQUET))),
  ),
  words: ['PAR1', '\u0015\u0000', '\u00ff\u00ff\u00ff\u00ff'],
  foreign: true,
  read: (bytes) => parseParquet({ file: 'x.parquet', bytes }),
});
