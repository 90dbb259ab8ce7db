import type { Random } from '@onnx-forge/infer';
import onnxProto, { type onnx } from 'onnx-proto';
import { chosen, type Mutation } from './mutate.js';

const { ModelProto } = onnxProto.onnx;

/** Names that are properties of every object, and others that readers are not ready for. */
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  'x',
  'y',
  'a\u0000b',
  '../w',
  '\n',
];

/** Sizes, axes and counts at which programs go wrong. */
const SIZES = [0, 1, 2, 3, -1, -2, 7, 255, 2 ** 15, 2 ** 31 - 1, 2 ** 31, 10_000_000_000, 2 ** 53, -(2 ** 31)];

const OPERATORS = [
  ...['Conv', 'Gemm', 'MatMul', 'Reshape', 'Transpose', 'Concat', 'Slice', 'Gather', 'Softmax', 'LSTM', 'Split', 'Pad'],
  ...[
    'BatchNormalization',
    'MaxPool',
    'AveragePool',
    'Resize',
    'If',
    'Loop',
    'Identity',
    'Squeeze',
    'Unsqueeze',
    'Tile',
  ],
  ...[
    'Expand',
    'ConstantOfShape',
    'Range',
    'OneHot',
    'TopK',
    'Einsum',
    'ReduceMean',
    'Shape',
    'Cast',
    'Where',
    'Constant',
  ],
];

type Change = (random: Random, graph: onnx.IGraphProto, model: onnx.IModelProto) => void;

const nodeOf = (random: Random, { node }: onnx.IGraphProto): onnx.INodeProto | undefined =>
  node && node.length > 0 ? chosen(random, node) : undefined;

/** All names of values of a graph. */
function valuesOf({ node = [], input = [], initializer = [] }: onnx.IGraphProto): string[] {
  const names = [...input!, ...initializer!].map(({ name }) => name ?? '');
  return [...names, ...node!.flatMap(({ output }) => output ?? []), ...NAMES];
}

function attributeIn(random: Random, graph: onnx.IGraphProto): onnx.IAttributeProto | undefined {
  const all = (graph.node ?? []).flatMap(({ attribute }) => attribute ?? []);
  return all.length > 0 ? chosen(random, all) : undefined;
}

function portIn(random: Random, { input = [], output = [] }: onnx.IGraphProto): onnx.IValueInfoProto | undefined {
  const all = [...input!, ...output!];
  return all.length > 0 ? chosen(random, all) : undefined;
}

const CHANGES: readonly Change[] = [
  // Circles, values that nothing gives, values that are given twice.
  (random, graph) => {
    const node = nodeOf(random, graph);
    if (node?.input?.length) node.input[random.integer(node.input.length)] = chosen(random, valuesOf(graph));
  },
  (random, graph) => {
    const node = nodeOf(random, graph);
    if (node?.output?.length) node.output[random.integer(node.output.length)] = chosen(random, valuesOf(graph));
  },
  (random, graph) => {
    nodeOf(random, graph)?.input?.push(chosen(random, valuesOf(graph)));
  },
  (random, graph) => {
    nodeOf(random, graph)?.input?.pop();
  },
  (random, graph) => {
    nodeOf(random, graph)?.output?.push(chosen(random, NAMES));
  },
  (random, graph) => {
    const node = nodeOf(random, graph);
    if (node) node.opType = chosen(random, [...OPERATORS, ...NAMES]);
  },
  (random, graph) => {
    const node = nodeOf(random, graph);
    if (node) graph.node!.push(node);
  },
  (random, graph) => {
    graph.node?.splice(random.integer(Math.max(1, graph.node.length)), 1);
  },
  // Attributes of other types, values and names.
  (random, graph) => {
    const attribute = attributeIn(random, graph);
    if (attribute) attribute.type = random.integer(12);
  },
  (random, graph) => {
    const attribute = attributeIn(random, graph);
    if (attribute) attribute.i = chosen(random, SIZES);
  },
  (random, graph) => {
    const attribute = attributeIn(random, graph);
    if (attribute?.ints?.length) attribute.ints[random.integer(attribute.ints.length)] = chosen(random, SIZES);
  },
  (random, graph) => {
    const attribute = attributeIn(random, graph);
    if (attribute) attribute.ints = Array.from({ length: random.integer(7) }, () => chosen(random, SIZES));
  },
  (random, graph) => {
    const attribute = attributeIn(random, graph);
    if (attribute) attribute.name = chosen(random, ['axis', 'perm', 'pads', 'to', 'group', 'value', ...NAMES]);
  },
  // Weights and ports of other shapes, types and names.
  (random, graph) => {
    const { initializer = [] } = graph;
    if (initializer!.length === 0) return;
    const tensor = chosen(random, initializer!);
    if (random.uniform() < 0.5) tensor.dataType = random.integer(24);
    else tensor.dims = Array.from({ length: random.integer(5) }, () => chosen(random, SIZES));
  },
  (random, graph) => {
    const { initializer = [] } = graph;
    if (initializer!.length > 0) chosen(random, initializer!).name = chosen(random, valuesOf(graph));
  },
  (random, graph) => {
    const { initializer = [] } = graph;
    if (initializer!.length === 0) return;
    const tensor = chosen(random, initializer!);
    tensor.dataLocation = 1;
    tensor.externalData = [
      { key: 'location', value: chosen(random, NAMES) },
      { key: 'offset', value: '-1' },
    ];
  },
  (random, graph) => {
    const port = portIn(random, graph);
    if (port) port.name = chosen(random, valuesOf(graph));
  },
  (random, graph) => {
    const tensor = portIn(random, graph)?.type?.tensorType;
    if (tensor) tensor.elemType = random.integer(24);
  },
  (random, graph) => {
    const dim = portIn(random, graph)?.type?.tensorType?.shape?.dim;
    if (dim?.length) dim[random.integer(dim.length)] = { dimValue: chosen(random, SIZES) };
  },
  (random, _, model) => {
    const sets = model.opsetImport ?? [];
    if (sets.length > 0) chosen(random, sets).version = chosen(random, [0, 6, 7, 9, 11, 13, 18, 21, 28, 29, -1]);
  },
];

/** Changes of what an ONNX file says; bytes that are none stay as they are. */
export const MUTATE_ONNX: readonly Mutation[] = CHANGES.map((change) => (random, input) => {
  const model = ModelProto.decode(input);
  if (!model.graph) return input;
  change(random, model.graph, model);
  return ModelProto.encode(model).finish().slice();
});
