import onnxProto, { type onnx } from 'onnx-proto';
import { InvalidModelError } from '../errors.js';

/** Protobuf's limit. */
const LARGEST_FILE: number = 2 ** 31 - 1;

/** Bytes of an element, by TensorProto.DataType. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

const { AttributeType } = onnxProto.onnx.AttributeProto;

/** The field that holds an attribute's value, by its type. */
const ATTRIBUTE_FIELD: Readonly<Record<number, keyof onnx.IAttributeProto>> = {
  [AttributeType.FLOAT]: 'f',
  [AttributeType.INT]: 'i',
  [AttributeType.STRING]: 's',
  [AttributeType.TENSOR]: 't',
  [AttributeType.GRAPH]: 'g',
  [AttributeType.FLOATS]: 'floats',
  [AttributeType.INTS]: 'ints',
  [AttributeType.STRINGS]: 'strings',
  [AttributeType.TENSORS]: 'tensors',
  [AttributeType.GRAPHS]: 'graphs',
};

/**
 * Checks the bytes of an ONNX file, apart from what its operators mean: names are unique, assigned once and before they
 * are used, also in subgraphs; declared types and shapes are whole; initializers have as many bytes as their shape says,
 * here or in an external file; the operator sets of all domains are imported; attributes hold what their type says.
 *
 * @param external files beside it, by the names that initializers locate them by
 * @throws InvalidModelError
 */
export function checkModel(file: Uint8Array, external: Readonly<Record<string, Uint8Array>> = {}): void {
  if (file.length > LARGEST_FILE) {
    fail(`it has ${file.length} bytes, and protobuf's limit is 2 GiB (${LARGEST_FILE})`);
  }
  const model = decoded(file);
  if (!Object.hasOwn(model, 'irVersion') || Number(model.irVersion) < 3) fail('it has no IR version');
  const domains = uniqueBy(model.opsetImport, ({ domain }) => domain ?? '', 'operator set');
  for (const { domain, version } of model.opsetImport) {
    if (!(Number(version) >= 1)) fail(`operator set '${domain}' has no version`);
  }
  uniqueBy(model.metadataProps, ({ key }) => key ?? '', 'metadata key');
  if (!model.graph) throw fail('it has no graph');
  checkGraph(model.graph, { domains, external, outer: new Set() });
}

function decoded(file: Uint8Array): onnx.ModelProto {
  try {
    return onnxProto.onnx.ModelProto.decode(file);
  } catch (error) {
    throw new InvalidModelError('its bytes are no protobuf message of a model', { cause: error });
  }
}

interface Scope {
  readonly domains: ReadonlySet<string>;
  readonly external: Readonly<Record<string, Uint8Array>>;
  /** Names that are visible from the graphs around this one. */
  readonly outer: ReadonlySet<string>;
}

function checkGraph(graph: onnx.IGraphProto, scope: Scope): void {
  if (!graph.name) fail('a graph has no name');
  const known = new Set(scope.outer);
  const define = (name: string | null | undefined, what: string): void => {
    if (!name) throw fail(`${what} has no name`);
    if (known.has(name)) fail(`${what} '${name}' has the name of another value`);
    known.add(name);
  };
  for (const input of graph.input ?? []) {
    checkType(input, 'input');
    define(input.name, 'input');
  }
  for (const tensor of graph.initializer ?? []) {
    checkTensor(tensor, scope);
    define(tensor.name, 'initializer');
  }
  const nodeNames = (graph.node ?? []).flatMap(({ name }) => (name ? [name] : []));
  uniqueBy(nodeNames, (name) => name, 'node');
  const computed = new Set<string>();
  for (const node of graph.node ?? []) {
    const what = `${node.opType || 'a node'} ${node.name ? `'${node.name}' ` : ''}`.trim();
    if (!node.opType) fail(`${what} has no operator`);
    if (!scope.domains.has(node.domain ?? '')) fail(`${what} is of domain '${node.domain}', which is not imported`);
    for (const name of node.input ?? []) {
      if (name !== '' && !known.has(name)) fail(`${what} reads '${name}', which nothing before it defines`);
    }
    checkAttributes(node, what, { ...scope, outer: known });
    // An omitted optional output is an empty name.
    for (const name of node.output ?? []) {
      if (name === '') continue;
      define(name, `output of ${what}`);
      computed.add(name);
    }
    if (!node.output?.some((name) => name !== '')) fail(`${what} computes nothing`);
  }
  if (!graph.output?.length) fail(`graph '${graph.name}' has no outputs`);
  uniqueBy(graph.output ?? [], ({ name }) => name ?? '', 'output');
  for (const output of graph.output ?? []) {
    checkType(output, 'output');
    if (!computed.has(output.name!)) fail(`output '${output.name}' is computed by no node`);
  }
  for (const info of graph.valueInfo ?? []) {
    checkType(info, 'value');
    if (!known.has(info.name!)) fail(`the type of '${info.name}' is declared, which nothing defines`);
  }
}

function checkType({ name, type }: onnx.IValueInfoProto, what: string): void {
  const tensor = type?.tensorType ?? type?.sequenceType?.elemType?.tensorType;
  if (!ELEMENT_BYTES[tensor?.elemType ?? 0]) fail(`${what} '${name}' has no type`);
  if (type?.sequenceType) return;
  if (!tensor?.shape) fail(`${what} '${name}' has no shape`);
  for (const dim of tensor?.shape?.dim ?? []) {
    const { dimValue, dimParam } = dim;
    if (!dimParam && !Object.hasOwn(dim, 'dimValue')) fail(`${what} '${name}' has a dimension without a size`);
    const size = dimParam ? 0 : Number(dimValue);
    if (!(Number.isSafeInteger(size) && size >= 0)) fail(`${what} '${name}' has a dimension of ${size}`);
  }
}

function checkTensor(tensor: onnx.ITensorProto, { external }: Pick<Scope, 'external'>): void {
  const each = ELEMENT_BYTES[tensor.dataType ?? 0];
  if (!each) throw fail(`initializer '${tensor.name}' has no type`);
  const bytes = (tensor.dims ?? []).reduce<number>((size, n) => size * Number(n), each);
  const held = isExternal(tensor) ? externalBytes(tensor, external) : (tensor.rawData?.length ?? 0);
  if (held !== bytes) fail(`initializer '${tensor.name}' has ${held} bytes, but its shape has ${bytes}`);
}

function isExternal({ dataLocation }: onnx.ITensorProto): boolean {
  return dataLocation === onnxProto.onnx.TensorProto.DataLocation.EXTERNAL;
}

function externalBytes(tensor: onnx.ITensorProto, external: Scope['external']): number {
  const about = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value ?? '']));
  const location = about.get('location') ?? '';
  const [offset, length] = [Number(about.get('offset') ?? 0), Number(about.get('length'))];
  const file = Object.hasOwn(external, location) ? external[location]! : undefined;
  if (!file) throw fail(`initializer '${tensor.name}' lies in '${location}', which is not there`);
  if (!(offset >= 0 && offset + length <= file.length)) {
    fail(`initializer '${tensor.name}' lies outside of '${location}' (${file.length} bytes)`);
  }
  return length;
}

function checkAttributes({ attribute: attributes }: onnx.INodeProto, what: string, scope: Scope): void {
  uniqueBy(attributes ?? [], ({ name }) => name ?? '', `attribute of ${what}`);
  for (const attribute of attributes ?? []) {
    const field = ATTRIBUTE_FIELD[attribute.type ?? 0];
    if (!field) throw fail(`attribute '${attribute.name}' of ${what} has no type`);
    const filled = Object.values(ATTRIBUTE_FIELD).filter((name) => {
      const value = attribute[name];
      return Object.hasOwn(attribute, name) && !(Array.isArray(value) && value.length === 0);
    });
    const isList = Array.isArray(attribute[field]);
    if (filled.some((name) => name !== field) || (filled.length === 0 && !isList)) {
      fail(`attribute '${attribute.name}' of ${what} does not hold what its type says (${field})`);
    }
    for (const tensor of [attribute.t, ...(attribute.tensors ?? [])]) if (tensor) checkTensor(tensor, scope);
    for (const graph of [attribute.g, ...(attribute.graphs ?? [])]) if (graph) checkGraph(graph, scope);
  }
}

/** The keys, which must be unique. */
function uniqueBy<T>(list: readonly T[], keyOf: (each: T) => string, what: string): Set<string> {
  const keys = new Set<string>();
  for (const each of list) {
    const key = keyOf(each);
    if (keys.has(key)) fail(`${what} '${key}' is there twice`);
    keys.add(key);
  }
  return keys;
}

function fail(what: string): never {
  throw new InvalidModelError(what);
}
