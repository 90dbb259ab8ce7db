/** A page as its header tells it; what is left out follows from the bytes. */
export interface PageBytes {
  readonly values: number;
  /** As packed. */
  readonly body: Uint8Array;
  /** Bytes that the page unpacks to. Default: those of `body`. */
  readonly size?: number;
  readonly packed?: number;
  /** Of `Encoding` in parquet.thrift. Default: 0, plain. */
  readonly encoding?: number;
  /** A dictionary, and not data. */
  readonly dictionary?: boolean;
  /** A page of version 2. */
  readonly second?: { readonly nulls: number; readonly rows: number; readonly levels: number };
}

/** A file of a column `text` in one group of rows. */
export interface ParquetBytes {
  readonly pages: readonly PageBytes[];
  /** By the footer. */
  readonly rows: number;
  /** Default: as many as rows. */
  readonly values?: number;
  readonly groupRows?: number;
  /** Values may be null. Default: not. */
  readonly optional?: boolean;
  /** Of `Type`. Default: 6, byte arrays. */
  readonly type?: number;
  /** Of `CompressionCodec`. Default: 0, none. */
  readonly codec?: number;
  /** As many more columns like it, `text1`, `text2` ..., twelve at most. */
  readonly more?: number;
}

/** Plain texts: each its length and its bytes. */
export function plainTexts(texts: readonly string[]): Uint8Array {
  return Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
}

/** Writes a Parquet file by hand, with any numbers in its headers (parquet.thrift, compact protocol). */
export function parquetBytes(file: ParquetBytes): Uint8Array {
  const { pages, rows, values = rows, groupRows = rows, optional = false, type = 6, codec = 0, more = 0 } = file;
  const names = Array.from({ length: 1 + more }, (_, i) => `text${i || ''}`);
  const written = pages.map((page) => Buffer.concat([header(page), page.body]));
  const column = Buffer.concat(written);
  const dataAt = 4 + written.slice(0, pages[0]?.dictionary ? 1 : 0).reduce((sum, { length }) => sum + length, 0);
  const aboutOf = (name: string): Struct => [
    [1, i32(type)],
    [2, list(5, [zigzag(0)])],
    [3, list(8, [text(name)])],
    [4, i32(codec)],
    [5, i64(values)],
    [6, i64(column.length)],
    [7, i64(column.length)],
    [9, i64(dataAt)],
    ...(pages[0]?.dictionary ? [[11, i64(4)] as const] : []),
  ];
  const footer = struct([
    [1, i32(1)],
    [
      2,
      list(12, [
        struct([
          [4, binary('schema')],
          [5, i32(names.length)],
        ]),
        ...names.map((name) =>
          struct([
            [1, i32(type)],
            [3, i32(optional ? 1 : 0)],
            [4, binary(name)],
            [6, i32(0)],
          ]),
        ),
      ]),
    ],
    [3, i64(rows)],
    [
      4,
      list(12, [
        struct([
          [
            1,
            list(
              12,
              names.map((name) =>
                struct([
                  [2, i64(4)],
                  [3, { type: 12, bytes: struct(aboutOf(name)) }],
                ]),
              ),
            ),
          ],
          [2, i64(column.length)],
          [3, i64(groupRows)],
        ]),
      ]),
    ],
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Uint8Array.from(Buffer.concat([Buffer.from('PAR1'), column, footer, length, Buffer.from('PAR1')]));
}

function header({
  values,
  body,
  size = body.length,
  packed = body.length,
  encoding = 0,
  dictionary,
  second,
}: PageBytes) {
  const about: Struct = [
    [1, i32(values)],
    [2, i32(encoding)],
  ];
  const data: Struct = [...about, [3, i32(3)], [4, i32(3)]];
  const levels: Struct = second
    ? [
        [1, i32(values)],
        [2, i32(second.nulls)],
        [3, i32(second.rows)],
        [4, i32(encoding)],
        [5, i32(second.levels)],
        [6, i32(0)],
      ]
    : [];
  const [kind, field, content] = dictionary ? [2, 7, about] : second ? [3, 8, levels] : [0, 5, data];
  return struct([
    [1, i32(kind)],
    [2, i32(size)],
    [3, i32(packed)],
    [field, { type: 12, bytes: struct(content) }],
  ]);
}

interface Field {
  readonly type: number;
  readonly bytes: Uint8Array;
}
type Struct = (readonly [number, Field])[];

function struct(fields: Struct): Buffer {
  let before = 0;
  const parts = fields.map(([id, { type, bytes }]) => {
    const head = Uint8Array.of(((id - before) << 4) | type);
    before = id;
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat([...parts, Uint8Array.of(0)]);
}

const i32 = (value: number): Field => ({ type: 5, bytes: zigzag(value) });
const i64 = (value: number): Field => ({ type: 6, bytes: zigzag(value) });
const binary = (value: string): Field => ({ type: 8, bytes: text(value) });
const list = (type: number, items: readonly Uint8Array[]): Field => ({
  type: 9,
  bytes: Buffer.concat([Uint8Array.of((items.length << 4) | type), ...items]),
});
const text = (value: string): Buffer => Buffer.concat([varint(BigInt(Buffer.byteLength(value))), Buffer.from(value)]);
const zigzag = (value: number): Buffer => varint(value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value));

/** The varint of a whole number (LEB128). */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = Number(left & 127n);
    left >>= 7n;
    bytes.push(left > 0n ? low | 128 : low);
  } while (left > 0n);
  return Buffer.from(bytes);
}
