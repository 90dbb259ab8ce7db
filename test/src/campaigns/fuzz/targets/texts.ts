import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asciiWords, characters, tokeniser, Vocabulary, words } from '@onnx-forge/infer';
import { openDataSet, parseLabelledTexts, parseLines, parsePairs } from '@onnx-forge/train/data';
import { MUTATE_JSON } from '../mutate-json.js';
import type { OpenTarget, Target } from '../target.js';

const WORDS = [
  '"',
  '""',
  ',',
  '\t',
  '\n',
  '\r\n',
  '\ufeff',
  '\u0000',
  '\u2028',
  'label',
  'text',
  'source',
  '__proto__',
  'constructor',
  Uint8Array.of(0xff),
  Uint8Array.of(0xed, 0xa0, 0x80),
];

const ROWS = Array.from({ length: 24 }, (_, i) => [`sentence number ${i}`, i % 2 ? 'good' : 'bad'] as const);

/** A file of a user's own data, by `openDataSet`. */
function ownFile(name: string, ending: string, seeds: readonly string[], more: Partial<Target> = {}): OpenTarget {
  return async (scratch) => {
    const path = join(scratch, `data.${ending}`);
    return {
      name,
      seeds: seeds.map((seed) => Buffer.from(seed)),
      words: WORDS,
      async read(bytes) {
        await writeFile(path, bytes);
        await openDataSet(path);
      },
      ...more,
    };
  };
}

export const csv = ownFile('csv', 'csv', [
  `text,label\n${ROWS.map((row) => row.join(',')).join('\n')}\n`,
  `source,target\n${ROWS.map(([text], i) => `"a, ""${i}""",${text}`).join('\r\n')}\n`,
]);
export const tsv = ownFile('tsv', 'tsv', [
  `label\ttext\n${ROWS.map(([text, label]) => `${label}\t${text}`).join('\n')}\n`,
]);
export const jsonl = ownFile(
  'jsonl',
  'jsonl',
  [`${ROWS.map(([text, label]) => JSON.stringify({ text, label })).join('\n')}\n`],
  {
    mutations: MUTATE_JSON.map((change) => (random, input, list) => {
      const lines = Buffer.from(input).toString('latin1').split('\n');
      const at = random.integer(lines.length);
      lines[at] = Buffer.from(change(random, Buffer.from(lines[at]!, 'latin1'), list)).toString('latin1');
      return Buffer.from(lines.join('\n'), 'latin1');
    }),
  },
);
export const text = ownFile('text', 'txt', [`${ROWS.map(([line]) => line).join('\n')}\n`]);

/** Lines of texts as the named data sets have them. */
export const lines: OpenTarget = async () => ({
  name: 'lines',
  seeds: [Buffer.from('Hello.\tBonjour.\nI am.\tJe suis.\n'), Buffer.from('0 a text\n1 another\n')],
  words: WORDS,
  read(bytes) {
    const content = { file: 'x.txt', bytes };
    parseLines(content, 'windows-1252');
    if (bytes[0] === 0x48) parsePairs(content);
    else parseLabelledTexts('x.txt', parseLines(content, 'utf-8'), /^(?<label>[01]) (?<text>.+)$/);
  },
});

/** A list of tokens as a manifest has it, with a text in them. */
export const vocabulary: OpenTarget = async () => ({
  name: 'vocabulary',
  seeds: [Buffer.from(JSON.stringify({ tokeniser: 'words', tokens: ['<pad>', '<unk>', 'a', 'b'], text: "A b don't" }))],
  words: WORDS,
  mutations: MUTATE_JSON,
  read(bytes) {
    let json: { tokeniser: string; tokens: string[]; text: string };
    try {
      json = JSON.parse(Buffer.from(bytes).toString());
    } catch {
      return;
    }
    const strings = Array.isArray(json?.tokens) && json.tokens.every((token) => typeof token === 'string');
    if (!strings || typeof json.text !== 'string' || typeof json.tokeniser !== 'string') return;
    const all = new Vocabulary(json.tokens);
    const tokens = [tokeniser(json.tokeniser), words, characters, asciiWords].map((tokenise) => tokenise(json.text));
    for (const each of tokens) {
      if (!Array.isArray(each)) throw new TypeError('a tokeniser gave no list');
      all.decode(all.encode(each));
    }
  },
});
