import { tf } from '../tfjs.js';

/** Follows which layer of a layers model is being applied. */
export interface LayerTrail {
  /** The layer at work, its name behind those of the layers it is wrapped in (`outer/inner`); models don't count. */
  current(): string | undefined;
  /** That layer itself. */
  innermost(): tf.layers.Layer | undefined;
  /** Ends it: layers are as they were before. */
  stop(): void;
}

/**
 * Starts to follow every layer's `apply`, which all of tfjs's models call. Stop it in a `finally`.
 *
 * @param before told of each layer that is about to be applied
 */
export function followLayers(before: (layer: tf.layers.Layer) => void = () => {}): LayerTrail {
  const prototype = tf.layers.Layer.prototype;
  const { apply } = prototype;
  const trail: tf.layers.Layer[] = [];
  prototype.apply = function (this: tf.layers.Layer, ...args: Parameters<typeof apply>) {
    trail.push(this);
    try {
      before(this);
      return apply.apply(this, args);
    } finally {
      trail.pop();
    }
  };
  return {
    current: () => {
      const names = trail.filter((layer) => !(layer instanceof tf.LayersModel)).map(({ name }) => name);
      return names.length > 0 ? names.join('/') : undefined;
    },
    innermost: () => trail.at(-1),
    stop: () => {
      prototype.apply = apply;
    },
  };
}
