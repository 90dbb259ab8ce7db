import { type ComputeDevice, openDevice, type Session } from '@onnx-forge/infer';
import { type ConstantData, topologicalOrder, type Value } from '../graph/value.js';
import { encodeModel, type Port } from '../onnx/writer.js';

/** Sessions kept for graphs of the same structure. */
const CACHED_SESSIONS = 64;

/** Evaluates recorded values in onnxruntime; graphs of equal structure share a session. */
export class Evaluator {
  readonly #sessions = new Map<string, Promise<Session>>();
  #device: Promise<ComputeDevice> | undefined;

  /** The numbers of the values; afterwards each value is a constant, so its graph can be forgotten. */
  async evaluate(values: readonly Value[]): Promise<ConstantData[]> {
    const { key, leaves } = structureOf(values);
    const session = await this.#session(key, values, leaves);
    const feeds = Object.fromEntries(
      leaves.map((leaf, i) => [`x${i}`, { type: leaf.dtype, dims: [...leaf.shape], data: dataOf(leaf) }]),
    );
    const results = await session.run(feeds);
    return values.map((value, i) => {
      const data = results[`y${i}`]!.data as ConstantData;
      value.source = { kind: 'constant', data: () => data };
      return data;
    });
  }

  async #session(key: string, values: readonly Value[], leaves: readonly Value[]): Promise<Session> {
    const known = this.#sessions.get(key);
    if (known) {
      this.#sessions.delete(key);
      this.#sessions.set(key, known);
      return known;
    }
    const inputs: Port[] = leaves.map((value, i) => ({ name: `x${i}`, value }));
    const outputs: Port[] = values.map((value, i) => ({ name: `y${i}`, value }));
    const bytes = encodeModel({ name: 'evaluation', inputs, outputs });
    this.#device ??= openDevice({ device: 'cpu', threads: 1 });
    const session = this.#device.then((device) => device.open(bytes, { name: 'evaluation', optimization: 'disabled' }));
    this.#sessions.set(key, session);
    if (this.#sessions.size > CACHED_SESSIONS) await this.#evict();
    return session;
  }

  async #evict(): Promise<void> {
    const [oldest] = this.#sessions;
    if (!oldest) return;
    this.#sessions.delete(oldest[0]);
    await (await oldest[1]).dispose();
  }
}

function dataOf(leaf: Value): ConstantData {
  if (leaf.source.kind !== 'constant') throw new Error(`${leaf.source.kind} value cannot be evaluated`);
  return leaf.source.data();
}

/** Constants that are data are fed; int64 constants are shapes and axes, part of the structure. */
function structureOf(values: readonly Value[]): { key: string; leaves: Value[] } {
  const names = new Map<Value, string>();
  const leaves: Value[] = [];
  const refer = (value: Value | undefined): string => {
    if (!value) return '';
    const known = names.get(value);
    if (known) return known;
    const type = `${value.dtype}[${value.shape}]`;
    if (value.dtype === 'int64') return `${type}=${dataOf(value).join()}`;
    const name = `x${leaves.length}:${type}`;
    leaves.push(value);
    names.set(value, name);
    return name;
  };
  const parts: string[] = [];
  for (const [n, node] of topologicalOrder(values).entries()) {
    parts.push(`${node.domain}.${node.op}(${node.inputs.map(refer).join()})${JSON.stringify(node.attributes)}`);
    for (const [i, output] of node.outputs.entries()) names.set(output, `${n}.${i}`);
  }
  parts.push(values.map(refer).join());
  return { key: parts.join(';'), leaves };
}
