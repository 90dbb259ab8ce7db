import onnxProto, { type onnx } from 'onnx-proto';

type Shape = readonly (number | string)[];
type Attribute = number | string | readonly number[];

/** A node: operator, inputs, outputs, attributes (whole numbers are ints). */
export type NodeSpec = readonly [
  opType: string,
  inputs: readonly string[],
  outputs: string | readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
];

export interface ModelSpec {
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly outputs: Readonly<Record<string, Shape>>;
  readonly nodes: readonly NodeSpec[];
  readonly constants?: Readonly<Record<string, onnx.ITensorProto>>;
}

/** A float32 graph written by hand: these tests must not rest on the exporter. */
export function onnxModel({ inputs, outputs, nodes, constants = {} }: ModelSpec): Uint8Array {
  const message = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'test',
      node: nodes.map(([opType, input, output, attributes = {}], index) => ({
        opType,
        name: `${opType}_${index}`,
        input: [...input],
        output: typeof output === 'string' ? [output] : [...output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      })),
      initializer: Object.entries(constants).map(([name, tensor]) => ({ ...tensor, name })),
      input: Object.entries(inputs).map(([name, shape]) => valueInfo(name, shape)),
      output: Object.entries(outputs).map(([name, shape]) => valueInfo(name, shape)),
    },
  };
  return onnxProto.onnx.ModelProto.encode(message as onnx.IModelProto)
    .finish()
    .slice();
}

export function floats(values: readonly number[], dims: readonly number[] = []): onnx.ITensorProto {
  return { dims: [...dims], dataType: 1, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

export function ints(values: readonly number[]): onnx.ITensorProto {
  return { dims: [values.length], dataType: 7, rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) };
}

/** float32 numbers that lie in another file. */
export function external(dims: readonly number[], location: string, offset: number): onnx.ITensorProto {
  const about = { location, offset, length: dims.reduce((size, n) => size * n, 4) };
  const externalData = Object.entries(about).map(([key, value]) => ({ key, value: String(value) }));
  return { dims: [...dims], dataType: 1, dataLocation: 1, externalData };
}

function attribute(name: string, value: Attribute): onnx.IAttributeProto {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: 2, i: value };
  return { name, type: 7, ints: [...value] };
}

function valueInfo(name: string, shape: Shape): onnx.IValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: 1, shape: { dim } } } };
}
