import { Random } from '@onnx-forge/infer';
import type { ExportableFunction, InputType, Signature } from '../export/exportable.js';
import { tf } from '../tfjs.js';
import type { LoraOptions } from './adapters.js';
import { headOf, type ImportedHead, withHead } from './head.js';
import { type ImportedWeights, importWeights, type MergedWeights, type WeightPattern } from './import-weights.js';
import { OnnxImportError } from './model/errors.js';
import { readModel } from './model/read-model.js';
import type { OnnxModel, Port } from './model/structure.js';
import type { ExternalBytes } from './model/tensor-data.js';
import { allNodes, notesOn } from './notes.js';
import { operatorTable } from './operators/index.js';
import type { Operator } from './operators/operator.js';
import { Program } from './program.js';
import type { ImportReport } from './report.js';
import { valueTypes } from './types/value-types.js';
import { weightsOf } from './weights.js';

export interface ImportOptions {
  /**
   * Weights that are trained, by name: texts in which `*` stands for anything, regular expressions, or a function. Default: all
   * that a gradient can reach; running statistics never.
   */
  readonly trainable?: WeightPattern;
  /**
   * Weights that several nodes read. Exporters store equal weights once (a fresh bias and a fresh running mean, layers that were
   * cloned), and the file looks the same for tied ones. `auto` (default): running statistics are apart from parameters, and each
   * node has its own where all numbers are the same; other shared weights stay one. `split`: each node has its own. `keep`: only
   * running statistics are apart. The report names all of them.
   */
  readonly merged?: MergedWeights;
  /**
   * Adapters of low rank in place of the weights that `trainable` names, as far as they are matrices of MatMul, Gemm or 1 x 1
   * Conv: only the adapters are trained, and an export has them merged into the weights.
   */
  readonly lora?: LoraOptions;
  /** A new last layer of so many classes, in place of the file's last Gemm or MatMul. It is trained, whatever `trainable` says. */
  readonly head?: HeadOptions;
  /**
   * Outputs that are wanted, by name, in this order; what only the others need is left out (scikit-learn's files give labels, too, by
   * operators that have no gradient). Default: all.
   */
  readonly outputs?: readonly string[];
  /** The most numbers that a node may make of less, such as a padding: more are refused. Default 2^28, a GiB. */
  readonly mostNumbers?: number;
  /** Files with weights beside the model's, by name. */
  readonly external?: Readonly<Record<string, Uint8Array>>;
}

/** A new last layer. */
export interface HeadOptions {
  readonly classes: number;
  /** Of its weights. Default: of seed 1. */
  readonly random?: Random;
}

/** Choices of one call. */
export interface ImportedCallOptions {
  /** Values of the graph to be given beside the outputs, by name. */
  readonly values?: readonly string[];
  /** False: batch normalisations use the running statistics although the file was exported for training. Default true. */
  readonly training?: boolean;
  /** Uniform numbers in [0, 1) of a shape, for dropout in files that were exported for training. Default: nothing is dropped. */
  readonly uniform?: (shape: readonly number[]) => tf.Tensor;
}

/** An ONNX model as tfjs code. */
export interface ImportedModel {
  /** Inputs by name: sizes that are names are free. 64-bit whole numbers are int32 here. */
  readonly inputs: Signature['inputs'];
  readonly outputs: readonly string[];
  /** Shapes of the outputs, as far as the file says them. */
  readonly outputShapes: Readonly<Record<string, Port['shape']>>;
  /** All float weights, by name. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Those that are trained, for `tf.variableGrads` and optimizers. */
  readonly trainable: readonly tf.Variable[];
  /** Computes the outputs. Works as it is, within `tf.grad`, `exportOnnx` and `compileStep`, on any backend. */
  readonly call: (inputs: Record<string, tf.Tensor>, options?: ImportedCallOptions) => Record<string, tf.Tensor>;
  /** `call` as what `exportOnnx` takes. */
  readonly run: ExportableFunction;
  /** Name of a variable in the file, for `exportOnnx` and `compileStep`. */
  readonly nameOf: (variable: tf.Variable) => string | undefined;
  /** The last linear layer before the first output, where there is one. */
  readonly head: ImportedHead | undefined;
  /** How it was imported. */
  readonly options: Pick<ImportOptions, 'lora' | 'head' | 'merged' | 'outputs'>;
  readonly report: ImportReport;
  dispose(): void;
}

/**
 * Makes an ONNX model tfjs code whose weights are variables: it can be called, differentiated, trained and exported again.
 *
 * @param bytes of the file
 * @throws OnnxImportError for damaged files; for operators that can't be read, by name; for inputs whose types an operator has not; for weights that are not there
 */
export function importModel(bytes: Uint8Array, options: ImportOptions = {}): ImportedModel {
  const { external = {}, mostNumbers = 2 ** 28 } = options;
  const find: ExternalBytes = (name) => (Object.hasOwn(external, name) ? external[name] : undefined);
  const read = readModel(bytes, find, options.outputs);
  const table = operatorTable();
  const operatorOf = ({ domain, op }: { domain: string; op: string }): Operator | undefined =>
    table.get(`${domain}:${op}`);
  refuseUnknown(read, operatorOf);
  const types = valueTypes(read);
  const { random = new Random(1), classes } = options.head ?? {};
  const model = classes === undefined ? read : withHead(read, classes, () => random.uniform());
  const head = headOf(model);
  const weights = weightsOf(model, operatorOf);
  const whole = classes === undefined ? [] : [head?.weight ?? '', head?.bias ?? ''];
  const imported = importWeights(weights, { ...options, whole });
  const outputs = model.graph.outputs.map(({ name }) => name);
  const program = new Program(model, (node) => operatorOf(node)!, imported, types);
  const call: ImportedModel['call'] = (inputs, { uniform, training = true, values = [] } = {}) => {
    checkInputs(inputs, model.graph.inputs);
    return tf.tidy(() => program.run(inputs, [...outputs, ...values], { uniform, training, mostNumbers }));
  };
  return {
    inputs: Object.fromEntries(model.graph.inputs.map((port) => [port.name, inputType(port)])),
    outputs,
    outputShapes: Object.fromEntries(model.graph.outputs.map(({ name, shape }) => [name, shape])),
    head,
    variables: imported.variables,
    trainable: imported.trainable,
    call,
    run: (inputs) => call(inputs),
    nameOf: (variable) => imported.names.get(variable),
    options,
    report: reportOn(model, imported, weights),
    dispose: () => tf.dispose([...imported.variables.values()]),
  };
}

function refuseUnknown(
  model: OnnxModel,
  operatorOf: (node: { domain: string; op: string }) => Operator | undefined,
): void {
  const unknown = allNodes(model.graph).filter((node) => !operatorOf(node));
  if (unknown.length === 0) return;
  const kinds = [...new Set(unknown.map(({ domain, op }) => (domain ? `${domain}.${op}` : op)))];
  const [first] = unknown;
  throw new OnnxImportError(
    `the file has operators that can't be trained here: ${kinds.join(', ')} (the first is node '${first!.name}')`,
    { operators: kinds },
  );
}

function inputType({ name, shape, type }: Port): InputType {
  if (!shape) throw new OnnxImportError(`input '${name}' says nothing of its shape: export the file with shapes`);
  return { shape: shape.map((n, axis) => n ?? `${name}_${axis}`), dtype: type.tfjs };
}

function checkInputs(inputs: Record<string, tf.Tensor>, ports: readonly Port[]): void {
  const wanted = ports.map(({ name }) => name);
  const stranger = Object.keys(inputs ?? {}).find((name) => !wanted.includes(name));
  if (stranger !== undefined)
    throw new OnnxImportError(`there is no input '${stranger}': the inputs are ${wanted.join(', ')}`);
  for (const { name, shape, type } of ports) {
    const given = Object.hasOwn(inputs ?? {}, name) ? inputs[name] : undefined;
    if (!given) throw new OnnxImportError(`input '${name}' is not given: the inputs are ${wanted.join(', ')}`);
    const fits =
      !shape || (shape.length === given.rank && shape.every((n, i) => typeof n !== 'number' || n === given.shape[i]));
    if (!fits) throw new OnnxImportError(`input '${name}' is [${shape}], not [${given.shape}]`);
    if ((given.dtype === 'float32') !== (type.tfjs === 'float32')) {
      throw new OnnxImportError(`input '${name}' is ${type.tfjs}, not ${given.dtype}`);
    }
  }
}

function reportOn(
  model: OnnxModel,
  { entries, notes }: ImportedWeights,
  weights: Parameters<typeof notesOn>[1],
): ImportReport {
  const operators: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const { op } of allNodes(model.graph)) operators[op] = (operators[op] ?? 0) + 1;
  const { producer, opset } = model;
  return { producer, opset, operators, weights: entries, notes: [...notes, ...notesOn(model, weights)] };
}
