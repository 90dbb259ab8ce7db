import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { characters } from '@onnx-forge/infer';
import type { DataReference, Split } from '../data-set.js';
import { DataError } from '../errors.js';
import type { FileContent } from '../formats/gzip.js';
import { readLines } from '../formats/lines.js';
import { readOwnFile, sha256 } from './content.js';
import { requireOptions } from './options.js';
import type { DataSource, OpenedData } from './source.js';
import { describeSizes, splittingOf } from './split.js';

/** A text in UTF-8 whose examples are characters, in its order: the first 80 % train, 10 % each are validation and test. */
export const textFile: DataSource = {
  format: 'text',
  says: 'a .txt file',

  async recognises(path) {
    return path.toLowerCase().endsWith('.txt') && (await stat(path)).isFile();
  },

  async open(reference, { signal } = {}) {
    const content = await readOwnFile(reference.path, signal);
    signal?.throwIfAborted();
    return openText(content, reference);
  },
};

/** A text, which may lie in an archive. */
export function openText(content: FileContent, reference: DataReference): OpenedData {
  const { path, options = {} } = reference;
  requireOptions(reference, 'a text', ['split']);
  if (options.split === 'exact') {
    throw new DataError('data-format', `${path}: a text is split by position, by the fractions of split`, { path });
  }
  const { fractions, fold } = splittingOf(reference);
  if (fold) throw new DataError('data-format', `${path}: a text is split by position: it has no folds`, { path });
  const text = characters(
    readLines(content, 'utf-8')
      .map((line) => `${line.text}\n`)
      .join(''),
  );
  const validation = Math.floor(fractions.train * text.length);
  const test = Math.floor((fractions.train + fractions.validation) * text.length);
  if (validation === 0 || validation === test || test === text.length) {
    throw new DataError('data-format', `${path} has ${text.length} characters: too few to be split`, { path });
  }
  const part = (from: number, to: number): Split => ({
    size: to - from,
    fields: {},
    texts: { character: text.slice(from, to) },
  });
  const splits = { train: part(0, validation), validation: part(validation, test), test: part(test, text.length) };
  const sizes = describeSizes((split) => splits[split].size);
  return {
    splits,
    files: [{ name: basename(content.file), sha256: sha256(content.bytes), bytes: content.bytes.length }],
    found: `${text.length} characters, ${new Set(text).size} different (${sizes})`,
  };
}
