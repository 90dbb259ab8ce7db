import { deflateSync } from 'node:zlib';

/** A MAT file of version 5, written as its description says, independent of the reader. */
export function matFile(...elements: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(128, ' ');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  return Buffer.concat([header, ...elements]);
}

function element(type: number, data: Uint8Array): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

/** A matrix of bytes. */
export function byteMatrix(name: string, dims: readonly number[], data: Uint8Array): Buffer {
  const [flags, sizes] = [Buffer.alloc(8), Buffer.alloc(4 * dims.length)];
  flags[0] = 9;
  for (const [i, size] of dims.entries()) sizes.writeInt32LE(size, 4 * i);
  return element(
    14,
    Buffer.concat([element(6, flags), element(5, sizes), element(1, Buffer.from(name)), element(2, data)]),
  );
}

export function compressed(inner: Buffer): Buffer {
  const packed = deflateSync(inner);
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(15, 0);
  tag.writeUInt32LE(packed.length, 4);
  return Buffer.concat([tag, packed]);
}
