/** A .npy file, written after its specification (NEP 1): version 1.0. */
export function npyBytes(descr: string, shape: readonly number[], data: ArrayBufferView, fortran = false): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sizes}), }`;
  const padded = `${header.padEnd(Math.ceil((11 + header.length) / 64) * 64 - 11)}\n`;
  const begin = Buffer.from('\u0093NUMPY\u0001\u0000\u0000\u0000', 'latin1');
  begin.writeUInt16LE(padded.length, 8);
  return Buffer.concat([
    begin,
    Buffer.from(padded, 'latin1'),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ]);
}
