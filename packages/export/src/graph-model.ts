import { SignatureError } from './errors.js';
import type { ExportableFunction, InputType, Signature } from './export.js';
import type { Dimension } from './onnx/writer.js';
import type { tf } from './tfjs.js';

/** An input or output as a saved model's signature tells it. */
interface PortEntry {
  /** Of the node, perhaps with `:` and the output's number. */
  readonly name?: string;
  readonly tensorShape?: {
    readonly dim?: readonly { readonly size?: string | number }[];
    readonly unknownRank?: boolean;
  };
  /** Of a table or another resource, which tfjs feeds itself. */
  readonly resourceId?: unknown;
}

interface SavedSignature {
  readonly inputs?: Readonly<Record<string, PortEntry>>;
  readonly outputs?: Readonly<Record<string, PortEntry>>;
}

export function isGraphModel(target: object): target is tf.GraphModel {
  return 'inputNodes' in target && 'executeAsync' in target;
}

/** A graph model as a function of its inputs by name; the names are those of the model's signature. */
export function graphFunction(model: tf.GraphModel): ExportableFunction {
  const names = outputNames(model);
  return (tensors) => {
    const results = [model.execute({ ...tensors }, names)].flat();
    return Object.fromEntries(names.map((name, i) => [name, results[i]!]));
  };
}

/**
 * The inputs of a graph model. A size of -1 is free: axis 0 is `batch`, others are named after their input.
 * @throws SignatureError for an input without a shape.
 */
export function graphSignature(model: tf.GraphModel): Signature {
  const { inputs = {} } = (model.modelSignature ?? {}) as SavedSignature;
  const entries = model.inputs.map((port): [string, InputType] | undefined => {
    const [key, entry] = Object.entries(inputs).find(([, { name = '' }]) => nodeOf(name) === port.name) ?? [port.name];
    if (entry?.resourceId !== undefined) return undefined;
    return [key, { shape: shapeOf(key, port.shape, entry), dtype: port.dtype as 'float32' }];
  });
  return { inputs: Object.fromEntries(entries.filter((entry) => entry !== undefined)) };
}

function outputNames(model: tf.GraphModel): string[] {
  const { outputs = {} } = (model.modelSignature ?? {}) as SavedSignature;
  const names = Object.keys(outputs);
  return names.length > 0 ? names : [...new Set(model.outputNodes)];
}

/** The node's and the signature's shape, one of which may leave open what the other one fixes. */
function shapeOf(name: string, own: readonly number[] | undefined, entry: PortEntry | undefined): Dimension[] {
  const told = entry?.tensorShape?.unknownRank ? undefined : entry?.tensorShape?.dim?.map(({ size }) => Number(size));
  const shape = own ?? told;
  if (!shape) {
    throw new SignatureError(`input ${name} of the graph model has no shape: export a function with a signature`, {
      input: name,
    });
  }
  return shape.map((n, axis) => {
    const size = n >= 0 ? n : (told?.[axis] ?? -1);
    return size >= 0 ? size : axis === 0 ? 'batch' : `${name}_${axis}`;
  });
}

function nodeOf(name: string): string {
  return name.split(':')[0]!;
}
