import type { tf } from '../../tfjs.js';
import { Untranslatable } from './config.js';

type Weights = Readonly<Record<string, tf.Tensor>>;

/** Names of weights in tfjs, where Keras 3 has another. */
const ALIASES: Readonly<Record<string, string>> = { depthwise_kernel: 'kernel' };

/**
 * Sets every weight of the model. Keras 3 names them by paths, such as `sequential/lstm/lstm_cell/kernel`, or numbers those
 * of a layer, as in `dense/0`.
 * @throws Untranslatable when weights are missing, left over, of another shape, or can't be told apart
 */
export function setWeights(model: tf.LayersModel, weights: Weights): void {
  // States of random generators serve training only.
  const left = new Set(Object.keys(weights).filter((name) => !name.includes('seed_generator')));
  set(model, weights, left, []);
  if (left.size > 0) throw new Untranslatable(`weights without a layer: ${[...left].slice(0, 5).join(', ')}`);
}

function set(model: tf.LayersModel, weights: Weights, left: Set<string>, containers: readonly string[]): void {
  for (const layer of model.layers) {
    if ('layers' in layer) set(layer as tf.LayersModel, weights, left, [...containers, layer.name]);
    else if (layer.weights.length > 0) setLayer(layer, weights, left, containers);
  }
}

function setLayer(layer: tf.layers.Layer, weights: Weights, left: Set<string>, containers: readonly string[]): void {
  const found = pathsOf(layer, [...left], containers);
  const values = layer.weights.map((variable, index) => {
    const leaf = variable.originalName.split('/').at(-1)!;
    const direction = /(?:^|\/)(forward|backward)_/.exec(variable.originalName)?.[1];
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
function pathsOf(layer: tf.layers.Layer, paths: readonly string[], containers: readonly string[]): readonly string[] {
  const through = (name: string) => (path: string) => path.split('/').slice(0, -1).includes(name);
  let found = paths.filter(through(layer.name));
  for (const container of [...containers].reverse()) {
    const narrower = found.filter(through(container));
    if (found.length <= layer.weights.length || narrower.length === 0) break;
    found = narrower;
  }
  return found;
}
