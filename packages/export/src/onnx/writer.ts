import { NO_COPY_OUTPUT, VERSION } from '@onnx-forge/infer';
import onnxProto, { type onnx } from 'onnx-proto';
import { ONNX_TYPE } from '../graph/build.js';
import {
  type AttributeValue,
  type ConstantData,
  type GraphNode,
  ownOutput,
  topologicalOrder,
  type Value,
} from '../graph/value.js';
import { checkModel } from './check.js';
import { type ExternalData, type ExternalDataOptions, moveOut } from './external.js';
import { UniqueNames } from './names.js';

/** The operator set of every graph written here. 18: reductions take their axes as an input, Split counts its outputs. */
export const OPSET = 18;
const IR_VERSION = 8;
/** Constants up to this size are shared when equal. */
const SHARED_SIZE = 64;

/** A dimension: fixed, or the name of a free one. */
export type Dimension = number | string;

export interface Port {
  readonly name: string;
  readonly value: Value;
  /** Dimensions to declare; the traced shape when absent. */
  readonly dims?: readonly Dimension[];
}

export interface GraphDescription {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The parts of the model that nodes belong to, which begin their names. */
  readonly scopes?: ReadonlyMap<GraphNode, string>;
  /** What readers may want to know of where the model comes from, by key. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Adds infer's no-copy output in front: for graphs that are only ever run into pre-allocated arrays on the CPU. */
  readonly noCopy?: boolean;
}

/** A model's file, and files beside it that hold its weights. */
export interface WrittenModel {
  readonly bytes: Uint8Array;
  readonly externalData: ExternalData;
}

/** Serialises what the outputs need as an ONNX model, for this process: nothing is checked, all weights are inside. */
export function encodeModel(graph: GraphDescription): Uint8Array {
  return encode(new ModelWriter(graph).model());
}

/**
 * Writes what the outputs need as an ONNX file, and checks it.
 *
 * @throws InvalidModelError
 */
export function writeModel(graph: GraphDescription, external: ExternalDataOptions = {}): WrittenModel {
  const model = new ModelWriter(graph).model();
  const externalData = moveOut(model.graph!.initializer!, external);
  const bytes = encode(model);
  checkModel(bytes, externalData);
  return { bytes, externalData };
}

function encode(model: onnx.IModelProto): Uint8Array {
  return onnxProto.onnx.ModelProto.encode(model).finish();
}

class ModelWriter {
  readonly #graph: GraphDescription;
  readonly #names = new Map<Value, string>();
  readonly #unique: UniqueNames;
  readonly #nodeNames = new UniqueNames();
  readonly #nodes: onnx.INodeProto[] = [];
  readonly #initializers: onnx.ITensorProto[] = [];
  readonly #shared = new Map<string, string>();
  readonly #domains = new Set<string>();

  constructor(graph: GraphDescription) {
    this.#graph = graph;
    this.#unique = new UniqueNames([...graph.inputs, ...graph.outputs].map(({ name }) => name));
    if (graph.noCopy) this.#unique.of(NO_COPY_OUTPUT);
  }

  model(): onnx.ModelProto {
    const { name, inputs, outputs, metadata = {} } = this.#graph;
    for (const port of inputs) this.#names.set(port.value, port.name);
    // Outputs get their names directly, so that no Identity node is needed where one can do without.
    const identities: [string, Value][] = [];
    for (const port of outputs) {
      const value = ownOutput(port.value);
      if (value.source.kind === 'node' && !this.#names.has(value)) this.#names.set(value, port.name);
      else identities.push([port.name, value]);
    }
    for (const node of topologicalOrder(outputs.map(({ value }) => value))) this.#addNode(node);
    for (const [output, value] of identities) {
      this.#nodes.push({
        name: this.#nodeNames.of('Identity'),
        opType: 'Identity',
        input: [this.#nameOf(value)],
        output: [output],
      });
    }
    const outputInfos = outputs.map(valueInfo);
    if (this.#graph.noCopy) {
      this.#nodes.push({
        name: this.#nodeNames.of('SequenceEmpty'),
        opType: 'SequenceEmpty',
        output: [NO_COPY_OUTPUT],
      });
      outputInfos.unshift({
        name: NO_COPY_OUTPUT,
        type: { sequenceType: { elemType: { tensorType: { elemType: 1 } } } },
      });
    }
    const opsets = [{ domain: '', version: OPSET }, ...[...this.#domains].map((domain) => ({ domain, version: 1 }))];
    return onnxProto.onnx.ModelProto.fromObject({
      irVersion: IR_VERSION,
      producerName: 'onnx-forge',
      producerVersion: VERSION,
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      opsetImport: opsets,
      graph: {
        name,
        docString: `${describePorts(inputs)} -> ${describePorts(outputs)}`,
        node: this.#nodes,
        initializer: this.#initializers,
        input: inputs.map(valueInfo),
        output: outputInfos,
      },
    });
  }

  #addNode(node: GraphNode): void {
    if (node.domain) this.#domains.add(node.domain);
    const scope = this.#graph.scopes?.get(node);
    const name = this.#nodeNames.of(scope === undefined || scope === node.op ? node.op : `${scope}/${node.op}`);
    this.#nodes.push({
      name,
      opType: node.op,
      domain: node.domain,
      input: node.inputs.map((value) => (value ? this.#nameOf(value) : '')),
      output: node.outputs.map((value, index) =>
        this.#define(value, node.outputs.length > 1 ? `${name}_${index}` : name),
      ),
      attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
    });
  }

  #nameOf(reference: Value): string {
    const value = ownOutput(reference);
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    if (value.source.kind !== 'constant')
      throw new Error(`${value.source.kind} value is not declared as a graph input`);
    const name = this.#initializer(value, value.source.data(), value.source.name);
    this.#names.set(value, name);
    return name;
  }

  #initializer(value: Value, data: ConstantData, wanted: string | undefined): string {
    const key = data.length <= SHARED_SIZE && !wanted ? `${value.dtype}[${value.shape}]${data.join()}` : undefined;
    const shared = key && this.#shared.get(key);
    if (shared) return shared;
    const name = this.#unique.of(wanted ?? 'constant');
    if (key) this.#shared.set(key, name);
    this.#initializers.push({
      name,
      dataType: ONNX_TYPE[value.dtype],
      dims: [...value.shape],
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return name;
  }

  #define(value: Value, hint: string): string {
    const name = this.#names.get(value) ?? this.#unique.of(hint);
    this.#names.set(value, name);
    return name;
  }
}

/** A signature in words: `x float32[batch, 4], mask bool[4]`. */
function describePorts(ports: readonly Port[]): string {
  return ports.map(({ name, value, dims }) => `${name} ${value.dtype}[${(dims ?? value.shape).join(', ')}]`).join(', ');
}

function valueInfo({ name, value, dims }: Port): onnx.IValueInfoProto {
  const dim = (dims ?? value.shape).map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: ONNX_TYPE[value.dtype], shape: { dim } } } };
}

function attribute(name: string, value: AttributeValue): onnx.IAttributeProto {
  const { AttributeType } = onnxProto.onnx.AttributeProto;
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: [...value] };
}
