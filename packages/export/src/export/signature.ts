/** Checks of the signature that a caller gives, and of a traced function's outputs. */
import { SignatureError } from '../errors.js';
import { nameFault } from '../onnx/names.js';
import { tf } from '../tfjs.js';
import type { InputType, Signature } from './exportable.js';

const DTYPES: readonly string[] = ['float32', 'int32', 'bool'];

/** @throws SignatureError when an input can't be one of a graph */
export function checkSignature(signature: Signature): void {
  const { inputs } = (signature ?? {}) as Partial<Signature>;
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) {
    throw new SignatureError(`inputs must be types by name, as in { x: { shape: [4, 3] } }, not ${nameOfKind(inputs)}`);
  }
  for (const [name, type] of Object.entries(inputs)) {
    checkName(name, 'input');
    const { shape, dtype = 'float32' } = (type ?? {}) as Partial<InputType>;
    if (!Array.isArray(shape)) {
      const message = `input '${name}' has no shape: its type is written { shape: [4, 3], dtype: 'float32' }`;
      throw new SignatureError(message, { name });
    }
    if (!DTYPES.includes(dtype)) {
      throw new SignatureError(`input '${name}' is ${dtype}; graphs take ${DTYPES.join(', ')}`, { name, dtype });
    }
    for (const size of shape) {
      if (typeof size === 'string' ? size !== '' : Number.isSafeInteger(size) && size >= 0) continue;
      const message = `input '${name}' has a dimension of ${size}; a free one is a name, a fixed one a whole number`;
      throw new SignatureError(message, { name, shape });
    }
  }
}

/**
 * The tensors that a traced function returned.
 *
 * @throws SignatureError when they are no record of tensors, or can't be outputs beside the inputs
 */
export function outputsOf(returned: unknown, { inputs }: Signature): Record<string, tf.Tensor> {
  if (isThenable(returned)) {
    ignore(returned);
    throw new SignatureError(
      'the function is async (it returned a promise): a graph is recorded synchronously, so take out async and await',
    );
  }
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned) || returned instanceof tf.Tensor) {
    throw new SignatureError(`the function must return tensors by name, as in { y }, not ${nameOfKind(returned)}`);
  }
  const entries = Object.entries(returned);
  if (entries.length === 0) throw new SignatureError('the function returns no tensor, so the graph has no outputs');
  for (const [, value] of entries) if (isThenable(value)) ignore(value);
  for (const [name, value] of entries) {
    checkName(name, 'output');
    if (!(value instanceof tf.Tensor)) {
      throw new SignatureError(`output '${name}' is ${nameOfKind(value)}, not a tensor`, { name });
    }
    if (value.isDisposed) {
      throw new SignatureError(`output '${name}' was disposed; keep it until the function has returned`, { name });
    }
    if (!DTYPES.includes(value.dtype)) {
      throw new SignatureError(`output '${name}' is ${value.dtype}; graphs give ${DTYPES.join(', ')}`, { name });
    }
    if (Object.hasOwn(inputs, name)) {
      const message = `'${name}' is the name of an input and of an output; ONNX wants every name once: return it as '${name}_out', say`;
      throw new SignatureError(message, { name });
    }
  }
  return Object.fromEntries(entries);
}

function checkName(name: string, role: string): void {
  const fault = nameFault(name);
  if (fault) throw new SignatureError(`an ${role} can't be called ${JSON.stringify(name)}: ${fault}`, { name });
}

/** Ignores the result of a promise, a rejection too: the trace that made it has ended. */
export function ignore(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined);
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

export function nameOfKind(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isThenable(value)) return 'a promise (graphs are recorded synchronously, without async functions)';
  if (value instanceof tf.Tensor) return 'a tensor alone';
  if (value === null || value === undefined) return 'nothing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
