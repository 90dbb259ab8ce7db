import { input } from '../graph/build.js';
import type { Dialect } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import { encodeModel } from '../onnx/writer.js';
import { simplify } from '../simplify/simplify.js';
import type { CallKinds } from './calls.js';
import type { Call, NumericType, Stored, TensorKind } from './stored.js';

/** An input of a piece: data of an earlier piece's, or the program's. */
export interface Leaf {
  readonly stored: Stored;
  readonly kind: TensorKind;
}

/** Recorded calls that run together. */
export interface Piece {
  readonly calls: readonly Call[];
  readonly leaves: readonly Leaf[];
  /** Tensors and variables that are used afterwards. */
  readonly outputs: readonly Stored[];
  /** Equal keys: the same graph. */
  readonly key: string;
  /** Estimated time of tfjs's cpu kernels, in ns. */
  readonly cost: number;
}

/** The calls that live tensors need, as one piece; undefined when there are none. */
export function pieceOf(recorded: readonly Call[]): Piece | undefined {
  const used = new Set<Stored>();
  const calls: Call[] = [];
  for (let i = recorded.length - 1; i >= 0; i--) {
    const call = recorded[i]!;
    if (!call.outputs.some((output) => output.home || used.has(output))) continue;
    calls.push(call);
    for (const input of call.inputs) used.add(input);
  }
  if (calls.length === 0) return undefined;
  calls.reverse();
  const names = new Map<Stored, string>();
  const leaves: Leaf[] = [];
  const outputs: Stored[] = [];
  const parts: string[] = [];
  let cost = 0;
  for (const [c, call] of calls.entries()) {
    const inputs = call.inputs.map((stored, i) => {
      const known = names.get(stored);
      if (known !== undefined) return known;
      const dtype = typeOf(stored); // a call may take it for another: tfjs widens types without a copy
      const name = `${dtype}:${leaves.length}`;
      leaves.push({ stored, kind: { dtype, shape: call.kind.inputs[i]!.shape } });
      names.set(stored, name);
      return name;
    });
    const live = call.outputs.map((output, o) => {
      names.set(output, `${c}.${o}`);
      if (output.home) outputs.push(output);
      return output.home ? 1 : 0;
    });
    parts.push(`${call.kind.id}(${inputs})${live}`);
    cost += call.cost;
  }
  return { calls, leaves, outputs, key: parts.join(), cost };
}

/** tfjs's cpu kernels add bools as numbers and call the sums, 2 say, bools still; a bool of onnxruntime's is 0 or 1. */
function typeOf({ dtype, numbers }: Stored): NumericType {
  const counts = dtype === 'bool' && (numbers as Uint8Array | undefined)?.some((n) => n > 1);
  return counts ? 'int32' : (dtype as NumericType);
}

/** Whether a dialect matters to the piece: what dialects have of their own is for convolutions of images. */
export function hasConvolutions({ calls }: Piece): boolean {
  return calls.some(({ kind }) => kind.kernel.includes('Conv2D'));
}

/** The piece as an ONNX model with inputs x0, x1, ... and outputs y0, y1, ... */
export function modelOf({ calls, leaves, outputs }: Piece, kinds: CallKinds, dialect: Dialect): Uint8Array {
  const computed = new Map<Stored, Value>();
  const ports = leaves.map(({ stored, kind }, i) => {
    const name = `x${i}`;
    const value = input(name, kind.dtype, kind.shape);
    computed.set(stored, value);
    return { name, value };
  });
  for (const { kind, inputs, outputs: results } of calls) {
    const values = inputs.map((input) => computed.get(input)!);
    for (const [o, value] of [kinds.lower(kind, values, dialect) as Value | Value[]].flat().entries()) {
      computed.set(results[o]!, value);
    }
  }
  const { values } = simplify(
    outputs.map((output) => computed.get(output)!),
    dialect,
  );
  return encodeModel({ name: 'piece', inputs: ports, outputs: values.map((value, i) => ({ name: `y${i}`, value })) });
}
