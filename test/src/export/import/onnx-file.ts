import onnxProto, { type onnx } from 'onnx-proto';

/** An array of a file: fed when the graph runs, or stored in it as a weight. */
export interface FileArray {
  readonly type: 'float32' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly stored: boolean;
}

const CODES = { float32: 1, int64: 7, int32: 6, int8: 3, uint8: 2, bool: 9 } as const;

type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | FileArray
  | { readonly float: number }
  | { readonly floats: readonly number[] };

/** One operator with arrays for its inputs; an omitted input is undefined. */
export interface NodeCase {
  readonly op: string;
  readonly inputs: readonly (FileArray | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Number of outputs; default 1. */
  readonly outputs?: number;
  /** Default 17. */
  readonly opset?: number;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Numbers in [low, high), evenly apart and scrambled: no two are so near that a finite difference steps over one. */
export function fed(shape: readonly number[], low = -1, high = 1): FileArray {
  const size = sizeOf(shape);
  const values = Array.from(
    { length: size },
    (_, i) => low + ((high - low) * (((i * 37 + 5) % (size + 1)) + 0.37)) / (size + 1),
  );
  return { type: 'float32', shape, values, stored: false };
}

export function weight(shape: readonly number[], low = -1, high = 1): FileArray {
  return { ...fed(shape, low, high), stored: true };
}

export function numbers(...values: readonly number[]): FileArray {
  return { type: 'int64', shape: [values.length], values, stored: true };
}

export function scalar(value: number, type: FileArray['type'] = 'float32'): FileArray {
  return { type, shape: [], values: [value], stored: true };
}

export function listed(
  type: FileArray['type'],
  shape: readonly number[],
  values: readonly number[],
  stored = false,
): FileArray {
  return { type, shape, values, stored };
}

export const inputName = (index: number): string => `x${index}`;
export const outputName = (index: number): string => `y${index}`;

/** The file with this one node. */
export function fileOf({ op, inputs, attributes = {}, outputs = 1, opset = 17 }: NodeCase): Uint8Array {
  const arrays = inputs.flatMap((array, i) => (array ? [{ array, name: inputName(i) }] : []));
  return encode({
    opset,
    nodes: [
      {
        opType: op,
        name: 'the_node',
        input: inputs.map((array, i) => (array ? inputName(i) : '')),
        output: Array.from({ length: outputs }, (_, i) => outputName(i)),
        attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
      },
    ],
    initializers: arrays.filter(({ array }) => array.stored).map(({ array, name }) => tensorOf(name, array)),
    inputs: arrays.filter(({ array }) => !array.stored).map(({ array, name }) => portOf(name, array.type, array.shape)),
    outputs: Array.from({ length: outputs }, (_, i) => ({ name: outputName(i) })),
  });
}

interface Content {
  readonly opset?: number;
  readonly nodes: readonly onnx.INodeProto[];
  readonly initializers?: readonly onnx.ITensorProto[];
  readonly inputs: readonly onnx.IValueInfoProto[];
  readonly outputs: readonly onnx.IValueInfoProto[];
}

export function encode({ opset = 17, nodes, initializers = [], inputs, outputs }: Content): Uint8Array {
  const message: onnx.IModelProto = {
    irVersion: 8,
    producerName: 'a test',
    opsetImport: [{ domain: '', version: opset }],
    graph: { name: 'test', node: [...nodes], initializer: [...initializers], input: [...inputs], output: [...outputs] },
  };
  return onnxProto.onnx.ModelProto.encode(onnxProto.onnx.ModelProto.fromObject(message)).finish().slice();
}

export function tensorOf(name: string, { type, shape, values }: FileArray): onnx.ITensorProto {
  const raw = {
    float32: () => Float32Array.from(values),
    int32: () => Int32Array.from(values),
    int64: () => BigInt64Array.from(values, (n) => (n >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(n))),
    int8: () => Int8Array.from(values),
    uint8: () => Uint8Array.from(values),
    bool: () => Uint8Array.from(values),
  }[type]();
  return { name, dims: [...shape], dataType: CODES[type], rawData: new Uint8Array(raw.buffer) };
}

export function portOf(
  name: string,
  type: FileArray['type'],
  shape: readonly (number | string)[],
): onnx.IValueInfoProto {
  const dim = shape.map((n) => (typeof n === 'string' ? { dimParam: n } : { dimValue: n }));
  return { name, type: { tensorType: { elemType: CODES[type], shape: { dim } } } };
}

export function attributeOf(name: string, value: Attribute): onnx.IAttributeProto {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: 2, i: value };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('floats' in value) return { name, type: 6, floats: [...value.floats] };
  if ('stored' in value) return { name, type: 4, t: tensorOf('', value) };
  if (typeof value[0] === 'string') {
    return { name, type: 8, strings: value.map((text) => new TextEncoder().encode(text as string)) };
  }
  return { name, type: 7, ints: value as number[] };
}
