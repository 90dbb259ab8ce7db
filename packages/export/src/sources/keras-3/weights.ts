import type { tf } from '../../tfjs.js';
import { type KerasObject, nameOf, Untranslatable } from './config.js';
import { isContainer, layersOf } from './topology.js';

type Weights = Readonly<Record<string, tf.Tensor>>;

/** Names of weights in tfjs, where Keras 3 has another. */
const ALIASES: Readonly<Record<string, string>> = { depthwise_kernel: 'kernel' };

/**
 * Sets every weight of the model. They are named by the layers' names, as in `sequential/lstm/lstm_cell/kernel` or `dense/0`, or,
 * from a `.keras` file, by the layers' classes: `layers/dense_1/vars/0` is the first weight of the second dense layer.
 * @throws Untranslatable when weights are missing, left over, of another shape, or can't be told apart
 */
export function setWeights(model: tf.LayersModel, config: KerasObject, weights: Weights): void {
  // States of random generators serve training only.
  const left = new Set(Object.keys(weights).filter((name) => !name.includes('seed_generator')));
  const places = [...left].some((name) => /^_?layers\/.*\/vars\/\d+$/.test(name)) ? placesOf(config) : undefined;
  set(model, { weights, left, places }, []);
  if (left.size > 0) throw new Untranslatable(`weights without a layer: ${[...left].slice(0, 5).join(', ')}`);
}

interface Given {
  readonly weights: Weights;
  /** Names of weights that no layer has taken yet. */
  readonly left: Set<string>;
  /** Where a `.keras` file has each layer's weights, by the names of its models and its own. */
  readonly places: ReadonlyMap<string, string> | undefined;
}

/** Keras numbers the layers of a class within their model, in the model's order. */
function placesOf(model: KerasObject, names: readonly string[] = [], prefix = ''): Map<string, string> {
  const counts = new Map<string, number>();
  const places = new Map<string, string>();
  for (const layer of layersOf(model)) {
    // The converter to tfjs has renamed functional models.
    const kind = layer.class_name === 'Model' ? 'functional' : snakeCase(layer.class_name);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const place = `${prefix}layers/${kind}${count === 0 ? '' : `_${count}`}/`;
    const path = [...names, nameOf(layer)];
    places.set(path.join('/'), place);
    if (isContainer(layer)) for (const [inner, where] of placesOf(layer, path, place)) places.set(inner, where);
  }
  return places;
}

/** As Keras writes the names of classes. */
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function set(model: tf.LayersModel, given: Given, containers: readonly string[]): void {
  for (const layer of model.layers) {
    if ('layers' in layer) set(layer as tf.LayersModel, given, [...containers, layer.name]);
    else if (layer.weights.length > 0) setLayer(layer, given, containers);
  }
}

function setLayer(layer: tf.layers.Layer, given: Given, containers: readonly string[]): void {
  const { weights, left } = given;
  const found = pathsOf(layer, given, containers);
  const directionOf = (path: string) => /(?:^|\/)(forward|backward)_/.exec(path)?.[1];
  const values = layer.weights.map((variable, position) => {
    const leaf = variable.originalName.split('/').at(-1)!;
    const direction = directionOf(variable.originalName);
    const index = layer.weights
      .slice(0, position)
      .filter(({ originalName }) => directionOf(originalName) === direction).length;
    const fits = found.filter((path) => {
      const last = path.split('/').at(-1)!.replace(/:\d+$/, '');
      const ofDirection = direction === undefined || path.split('/').some((part) => part.startsWith(`${direction}_`));
      return ofDirection && (/^\d+$/.test(last) ? Number(last) === index : last === leaf || last === ALIASES[leaf]);
    });
    const label = `weight '${leaf}' of layer '${layer.name}'`;
    if (fits.length !== 1) {
      throw new Untranslatable(
        fits.length === 0 ? `the file lacks ${label}` : `${label} could be ${fits.join(' or ')}`,
      );
    }
    const value = weights[fits[0]!]!;
    if (`${value.shape}` !== `${variable.shape}`) {
      throw new Untranslatable(`${label} is [${value.shape.join(', ')}] instead of [${variable.shape.join(', ')}]`);
    }
    left.delete(fits[0]!);
    return value;
  });
  layer.setWeights(values);
}

/** The weights whose path goes through the layer; of layers of one name in several models, through its model. */
function pathsOf(layer: tf.layers.Layer, { left, places }: Given, containers: readonly string[]): readonly string[] {
  const paths = [...left];
  if (places) {
    const place = places.get([...containers, layer.name].join('/'));
    return paths.filter((path) => place !== undefined && path.replace(/^_/, '').startsWith(place));
  }
  const through = (name: string) => (path: string) => path.split('/').slice(0, -1).includes(name);
  let found = paths.filter(through(layer.name));
  for (const container of [...containers].reverse()) {
    const narrower = found.filter(through(container));
    if (found.length <= layer.weights.length || narrower.length === 0) break;
    found = narrower;
  }
  return found;
}
