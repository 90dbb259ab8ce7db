/** Checks of the signature that a caller gives, and of a traced function's outputs. */
import { SignatureError } from './errors.js';
import type { Signature } from './export.js';
import { nameFault } from './onnx/names.js';
import { tf } from './tfjs.js';

const DTYPES: readonly string[] = ['float32', 'int32', 'bool'];

/** @throws SignatureError when an input can't be one of a graph */
export function checkSignature({ inputs }: Signature): void {
  for (const [name, { shape, dtype = 'float32' }] of Object.entries(inputs)) {
    checkName(name, 'input');
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
    // What it goes on with after the trace concerns nobody.
    returned.then(undefined, () => {});
    throw new SignatureError(
      'the function is async (it returned a promise): a graph is recorded synchronously, so take out async and await',
    );
  }
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned) || returned instanceof tf.Tensor) {
    throw new SignatureError(`the function must return tensors by name, as in { y }, not ${nameOfKind(returned)}`);
  }
  const entries = Object.entries(returned);
  if (entries.length === 0) throw new SignatureError('the function returns no tensor, so the graph has no outputs');
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function nameOfKind(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof tf.Tensor) return 'a tensor alone';
  return value === null || value === undefined ? 'nothing' : `a ${typeof value}`;
}
