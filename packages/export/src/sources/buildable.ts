import { tf } from '../tfjs.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** A layer of a functional model, as far as its place in the model goes. */
interface Entry {
  readonly name: string;
  /** Calls that its class makes by itself when it is made. */
  readonly given: number;
  /** For each call the calls that its inputs come from. */
  readonly calls: readonly (readonly Call[])[];
}

type Call = readonly [layer: unknown, index: unknown];

/**
 * The reason why tfjs would never finish a functional model, or one within it: it waits without end for a layer that is not
 * there, for a call that is never made, and in a circle. Undefined: it finishes; what else is wrong with the topology is told by
 * tfjs.
 *
 * @param topology of a layers model, as Keras 2 and tfjs write it
 */
export function endlessWait(topology: unknown): string | undefined {
  if (Array.isArray(topology)) return first(topology);
  if (!isObject(topology)) return undefined;
  const layers = isObject(topology.config) ? topology.config.layers : undefined;
  const own = Array.isArray(layers) && isFunctional(topology) ? waitOf(layers) : undefined;
  return own ?? first(Object.values(topology));
}

function first(parts: readonly unknown[]): string | undefined {
  for (const part of parts) {
    const found = endlessWait(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isFunctional(model: JsonObject): boolean {
  return classOf(model) !== 'Sequential';
}

function waitOf(layers: readonly unknown[]): string | undefined {
  const entries = layers.filter(isObject).map(entryOf);
  const made = new Map<unknown, number>();
  for (const { name, given } of entries) {
    if (made.has(name)) return `it has two layers '${name}'`;
    made.set(name, given);
  }
  const waiting = new Map(entries.map(({ name, calls }) => [name, [...calls]]));
  const isMade = ([layer, index]: Call): boolean => !((made.get(layer) ?? 0) <= (index as number));
  for (let before = -1, left = countOf(waiting); left !== before; [before, left] = [left, countOf(waiting)]) {
    for (const [name, calls] of waiting) {
      const still = calls.filter((inputs) => !inputs.every(isMade));
      made.set(name, made.get(name)! + calls.length - still.length);
      waiting.set(name, still);
    }
  }
  for (const [name, [inputs]] of waiting) {
    const absent = inputs?.find((call) => !isMade(call));
    if (absent) return `layer '${name}' waits for call ${absent[1]} of layer '${absent[0]}', which is never made`;
  }
  return undefined;
}

const countOf = (waiting: ReadonlyMap<string, readonly unknown[]>): number =>
  [...waiting.values()].reduce((sum, calls) => sum + calls.length, 0);

function entryOf(layer: JsonObject): Entry {
  const calls = layer.inbound_nodes ?? layer.inboundNodes;
  const inputsOf = (call: unknown): Call[] =>
    (Array.isArray(call) ? call.filter(Array.isArray) : []) as unknown as Call[];
  return {
    name: String(layer.name),
    given: isMadeCalled(classOf(layer)) ? 1 : 0,
    calls: Array.isArray(calls) ? calls.map(inputsOf) : [],
  };
}

/** Whether a layer of the class comes with a call: inputs, and models with their own inputs. */
function isMadeCalled(name: unknown): boolean {
  if (name === 'InputLayer') return true;
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const found = typeof name === 'string' && Object.hasOwn(classNameMap, name) ? classNameMap[name]![0] : undefined;
  return (found as unknown) === tf.LayersModel || (found?.prototype as unknown) instanceof tf.LayersModel;
}

const classOf = (object: JsonObject): unknown => object.class_name ?? object.className;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
