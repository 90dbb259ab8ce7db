import { tf } from '../tfjs.js';

/** Follows which layer of a layers model is being applied. */
export interface LayerTrail {
  /** The layer at work, its name behind those of the layers it is wrapped in (`outer/inner`); models don't count. */
  current(): string | undefined;
  /** Ends it: layers are as they were before. */
  stop(): void;
}

/** Starts to follow every layer's `apply`, which all of tfjs's models call. Stop it in a `finally`. */
export function followLayers(): LayerTrail {
  const prototype = tf.layers.Layer.prototype;
  const { apply } = prototype;
  const trail: tf.layers.Layer[] = [];
  prototype.apply = function (this: tf.layers.Layer, ...args: Parameters<typeof apply>) {
    trail.push(this);
    try {
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
    stop: () => {
      prototype.apply = apply;
    },
  };
}
