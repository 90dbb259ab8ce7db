import { cast, input, reshape } from '../graph/build.js';
import { type Dialect, STANDARD } from '../graph/dialect.js';
import { Value } from '../graph/value.js';
import type { KernelInputs, Lowering } from '../lower/lowering.js';
import type { tf } from '../tfjs.js';
import { Recent } from './recent.js';
import { type CallKind, isNumeric, type NumericType, type TensorKind } from './stored.js';

const KINDS = 5000;

/** Finds the kind of a call; output types are found once, by lowering the kernel to ONNX. */
export class CallKinds {
  readonly #lowerings: ReadonlyMap<string, Lowering>;
  readonly #kinds = new Recent<string, CallKind | 'none'>(KINDS);
  #made = 0;

  constructor(lowerings: ReadonlyMap<string, Lowering>) {
    this.#lowerings = lowerings;
  }

  /** The kind of a call; undefined when no ONNX graph can hold it. */
  find(kernel: string, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap): CallKind | undefined {
    const infos = Object.entries(inputs).filter((entry): entry is [string, tf.TensorInfo] => entry[1] !== undefined);
    const key = `${kernel}${JSON.stringify([attrs, infos.map(([name, { dtype, shape }]) => [name, dtype, shape])], exact)}`;
    const known = this.#kinds.get(key);
    if (known) return known === 'none' ? undefined : known;
    const kind = this.#make(kernel, infos, attrs, Array.isArray(inputs));
    this.#kinds.set(key, kind ?? 'none');
    return kind;
  }

  /** The outputs as ONNX values, from those of the inputs. */
  lower(
    { kernel, names, attrs, inputs }: Omit<CallKind, 'outputs' | 'many'>,
    values: readonly Value[],
    dialect: Dialect = STANDARD,
  ): unknown {
    const shaped = values.map((value, i) => {
      const { dtype, shape } = inputs[i]!;
      return [names?.[i] ?? String(i), cast(reshape(value, shape), dtype)];
    });
    return this.#lowerings.get(kernel)!.lower(Object.fromEntries(shaped) as KernelInputs, attrs, dialect);
  }

  #make(
    kernel: string,
    infos: readonly [string, tf.TensorInfo][],
    attrs: tf.NamedAttrMap,
    isList: boolean,
  ): CallKind | undefined {
    const inputs = infos.map(([, { dtype, shape }]) => ({ dtype: dtype as NumericType, shape: [...shape] }));
    const kind = { id: this.#made++, kernel, attrs, names: isList ? undefined : infos.map(([name]) => name), inputs };
    const values = inputs.map(({ dtype, shape }, i) => input(`x${i}`, dtype, shape));
    let lowered: unknown;
    try {
      lowered = this.lower(kind, values);
    } catch {
      return undefined; // tfjs's own kernel says what is wrong
    }
    const outputs: TensorKind[] = [];
    for (const output of [lowered].flat()) {
      if (!(output instanceof Value) || !isNumeric(output.dtype) || output.size === 0) return undefined;
      outputs.push({ dtype: output.dtype, shape: output.shape });
    }
    return { ...kind, outputs, many: Array.isArray(lowered) };
  }
}

/** JSON has no NaN, infinities and -0. */
function exact(_: string, value: unknown): unknown {
  if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return { number: Object.is(value, -0) ? '-0' : String(value) };
}
