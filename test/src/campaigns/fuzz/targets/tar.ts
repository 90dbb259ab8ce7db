import { readTar } from '@onnx-forge/train/data';
import { chosen, type Mutation, place } from '../mutate.js';
import type { OpenTarget } from '../target.js';

const BLOCK = 512;

interface Entry {
  readonly name: string;
  readonly content?: string;
  /** Type of the entry: `0` a file, `2` a symbolic link, `5` a folder. */
  readonly type?: string;
  readonly link?: string;
}

/** An archive as POSIX describes it (ustar), independent of the reader. */
function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.map(({ name, content = '', type = '0', link = '' }) => {
    const header = Buffer.alloc(BLOCK);
    header.write(name, 0, 100);
    header.write('0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write(type, 156);
    header.write(link, 157, 100);
    header.write('ustar\u000000', 257, 'latin1');
    const body = Buffer.alloc(BLOCK * Math.ceil(content.length / BLOCK));
    body.write(content);
    return Buffer.concat([header, body]);
  });
  return repairTar(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

/** The checksum of every block that looks like a header. */
function repairTar(input: Uint8Array): Buffer {
  const out = Buffer.from(input);
  for (let at = 0; at + BLOCK <= out.length; at += BLOCK) {
    if (out.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    out.fill(0x20, at + 148, at + 156);
    const sum = out.subarray(at, at + BLOCK).reduce((total, byte) => total + byte, 0);
    out.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
  }
  return out;
}

/** A field of a header, with a value that it should not have. */
const field: Mutation = (random, input) => {
  const out = Buffer.from(input);
  const at = BLOCK * place(random, Math.floor(out.length / BLOCK));
  if (at + BLOCK > out.length) return input;
  const [offset, length, values] = chosen(random, [
    [0, 100, ['../x', '/etc/passwd', 'a/../../b', 'C:/x', 'a\\..\\b', '', './', 'x'.repeat(100), 'a\nb', '..']],
    [
      124,
      12,
      [
        '00000000000',
        '77777777777',
        '-0000000001',
        '\x80\0\0\0\0\0\0\0\0\x01\0\0',
        '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
        'abc',
      ],
    ],
    [156, 1, ['1', '2', '3', '4', '5', '6', '7', 'x', 'g', 'L', 'K', 'D', 'S', 'V', '\0', '9']],
    [157, 100, ['../../x', '/etc/passwd', 'self', '']],
    [345, 155, ['..', '/', 'a/'.repeat(70)]],
  ] as const);
  out.fill(0, at + offset, at + offset + length);
  out.write(chosen(random, values as readonly string[]), at + offset, length, 'latin1');
  return out;
};

/** Blocks of one archive in another order, or some of them twice. */
const blocks: Mutation = (random, input) => {
  const all = Array.from({ length: Math.floor(input.length / BLOCK) }, (_, i) =>
    input.subarray(i * BLOCK, (i + 1) * BLOCK),
  );
  if (all.length === 0) return input;
  const [from, to] = [place(random, all.length), place(random, all.length)];
  const moved = all[from]!;
  if (random.uniform() < 0.5) all.splice(from, 1);
  all.splice(to, 0, moved);
  return Buffer.concat(all);
};

export const tar: OpenTarget = async () => ({
  name: 'tar',
  seeds: [
    tarOf([
      { name: 'a/', type: '5' },
      { name: 'a/one.txt', content: 'hello' },
      { name: 'two', content: 'x'.repeat(700) },
    ]),
    tarOf([
      { name: 'PaxHeader', type: 'x', content: '19 path=a/longname\n' },
      { name: 'short', content: 'z' },
    ]),
    tarOf([
      { name: '././@LongLink', type: 'L', content: `${'n'.repeat(120)}\0` },
      { name: 'n', content: 'z' },
    ]),
  ],
  words: ['ustar', '30 size=99999999999999999999\n', '20 linkpath=/etc\n', '12 path=../x\n', '13 size=-100\n'],
  mutations: [field, field, blocks],
  repair: repairTar,
  read: (bytes) => readTar({ file: 'x.tar', bytes }),
});
