import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { characters } from '@onnx-forge/infer';
import type { Split } from '../data-set.js';
import { DataError } from '../errors.js';
import { readLines } from '../formats/lines.js';
import { readOwnFile, sha256 } from './content.js';
import type { DataSource } from './source.js';
import { describeSizes } from './split.js';

/** A text in UTF-8 whose examples are characters, in its order: the first 80 % train, 10 % each are validation and test. */
export const textFile: DataSource = {
  format: 'text',
  says: 'a .txt file',

  async recognises(path) {
    return path.toLowerCase().endsWith('.txt') && (await stat(path)).isFile();
  },

  async open({ path, options = {} }, signal) {
    const [option] = Object.keys(options);
    if (option !== undefined) throw new DataError('data-format', `${path}: a text has no option '${option}'`, { path });
    const content = await readOwnFile(path, signal);
    signal?.throwIfAborted();
    const text = characters(
      readLines(content, 'utf-8')
        .map((line) => `${line.text}\n`)
        .join(''),
    );
    const [validation, test] = [Math.floor(0.8 * text.length), Math.floor(0.9 * text.length)];
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
      files: [{ name: basename(path), sha256: sha256(content.bytes), bytes: content.bytes.length }],
      found: `${text.length} characters, ${new Set(text).size} different (${sizes})`,
    };
  },
};
