import {
  isKerasObject,
  type Json,
  type JsonObject,
  type KerasObject,
  kerasObject,
  nameOf,
  type TfjsObject,
  Untranslatable,
} from './config.js';
import { makesMask, translateLayer } from './layers.js';

/**
 * A Sequential or functional model of Keras 3 as tfjs reads it.
 * @throws Untranslatable that names the layer and the reason
 */
export function translateModel(model: KerasObject): TfjsObject {
  return translateContainer(model, hasMasks(model));
}

function hasMasks(object: KerasObject): boolean {
  const inner = object.config.layer;
  return makesMask(object) || layersOf(object).some(hasMasks) || (isKerasObject(inner) && hasMasks(inner));
}

function translateContainer(model: KerasObject, masks: boolean): TfjsObject {
  if (model.class_name === 'Sequential') return located(model, () => translateSequential(model, masks));
  if (isFunctional(model)) return located(model, () => translateFunctional(model, masks));
  return located(model, () => {
    throw new Untranslatable('only Sequential and functional models can be exported');
  });
}

/** Whether an object holds layers. */
export function isContainer(object: KerasObject): boolean {
  return object.class_name === 'Sequential' || isFunctional(object);
}

/** The layers of a model. */
export function layersOf({ config }: KerasObject): readonly KerasObject[] {
  return Array.isArray(config.layers) ? config.layers.map(kerasObject) : [];
}

function isFunctional({ class_name, config }: KerasObject): boolean {
  return (class_name === 'Functional' || class_name === 'Model') && Array.isArray(config.layers);
}

function translateObject(object: KerasObject, masks: boolean): TfjsObject {
  if (!isContainer(object)) return located(object, () => translateLayer(object, masks));
  if (!masks) return translateContainer(object, masks);
  return located(object, () => {
    throw new Untranslatable('masks (Masking, mask_zero) are not supported together with nested models');
  });
}

function translateSequential(model: KerasObject, masks: boolean): TfjsObject {
  const layers = layersOf(model);
  const name = nameOf(model);
  const { build_input_shape: built = null } = model.config;
  const input = { class_name: 'InputLayer', config: { name: `${name}_input`, batch_shape: built, dtype: 'float32' } };
  const begins = layers[0]?.class_name === 'InputLayer' ? [] : [input];
  return {
    class_name: 'Sequential',
    config: { name, layers: [...begins, ...layers].map((layer) => json(translateObject(layer, masks))) },
  };
}

function translateFunctional(model: KerasObject, masks: boolean): TfjsObject {
  const layers = layersOf(model);
  const containers = new Set(layers.filter(isContainer).map(nameOf));
  const translated = layers.map((layer) => {
    const object = translateObject(layer, masks);
    const nodes = located(layer, () => (layer.inbound_nodes ?? []).map((node) => translateNode(node, containers)));
    return { ...json(object), name: nameOf(layer), inbound_nodes: nodes };
  });
  const { input_layers, output_layers } = model.config;
  return {
    class_name: 'Model',
    config: {
      name: nameOf(model),
      layers: translated,
      input_layers: ports(input_layers).map((port) => place(port, containers)),
      output_layers: ports(output_layers).map((port) => place(port, containers)),
    },
  };
}

/** A call of a layer: `{ args, kwargs }` in Keras 3, a list of places in tfjs. */
function translateNode(node: Json, containers: ReadonlySet<string>): Json {
  const { args, kwargs } = node as { args?: Json; kwargs?: JsonObject };
  if (!Array.isArray(args)) throw new Untranslatable('its calls are not in the form of Keras 3');
  // tfjs takes the states behind the sequence, as further inputs.
  const { initial_state: states = null, ...others } = kwargs ?? {};
  for (const [key, value] of Object.entries(others)) {
    if (value === null || value === false) continue;
    throw new Untranslatable(`a call with ${key} = ${JSON.stringify(value).slice(0, 60)} is not supported`);
  }
  const [inputs, ...more] = args;
  const tensors = [inputs, ...(states === null ? [] : [states])].flat() as Json[];
  if (inputs === undefined || more.some((arg) => arg !== null) || !tensors.every(isTensor)) {
    throw new Untranslatable('calls with other arguments than one tensor or one list of tensors are not supported');
  }
  return tensors.map((tensor) => [...place(tensor.config.keras_history, containers), {}]);
}

interface KerasTensor extends JsonObject {
  readonly config: { readonly keras_history: Json };
}

function isTensor(json: Json): json is KerasTensor {
  return (json as JsonObject | null)?.class_name === '__keras_tensor__';
}

/** `[layer, call, output]`. In tfjs a model's own graph counts as its first call. */
function place(port: Json, containers: ReadonlySet<string>): [string, number, number] {
  const [layer, call, output] = port as [string, number, number];
  return [layer, containers.has(layer) ? call + 1 : call, output];
}

/** The inputs or outputs of a model: one, a list, or (a dictionary) by name. */
function ports(given: Json | undefined): readonly Json[] {
  if (Array.isArray(given)) return typeof given[0] === 'string' ? [given] : given;
  if (typeof given === 'object' && given !== null) return Object.values(given as JsonObject) as Json[];
  throw new Untranslatable('it has no list of inputs and outputs');
}

/** Errors of `f` with the layer's name before them. */
function located<T>(object: KerasObject, f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (!(error instanceof Untranslatable) || error.located) throw error;
    throw new Untranslatable(`layer '${nameOf(object)}' (${object.class_name}): ${error.message}`, true);
  }
}

const json = (object: TfjsObject): JsonObject => ({ ...object });
