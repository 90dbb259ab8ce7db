import { tf } from '@onnx-forge/export';

/** One variable of a network, under a name that does not depend on what else was built in this process. */
export interface NetworkWeight {
  /** `LAYER/KIND`, such as `2/kernel`: the layer's position in the network, then the weight's own name. */
  readonly name: string;
  readonly variable: tf.Variable;
  /** False for what gradients do not reach by design, such as batch-norm averages. */
  readonly trainable: boolean;
}

/** A layers-model with one input and one output, and stable names for its weights. */
export class Network {
  readonly model: tf.LayersModel;
  readonly weights: readonly NetworkWeight[];

  /** @param weights of networks that are no layers-model; default: those of the model's layers */
  constructor(model: tf.LayersModel, weights?: readonly NetworkWeight[]) {
    this.model = model;
    this.weights = weights ?? model.layers.flatMap((layer, index) => weightsOf(layer, index));
  }

  /**
   * The network's output.
   *
   * @param x [batch, ...]
   * @param training batch normalisation uses the batch's statistics and updates its moving averages; false in every
   *   exported graph
   */
  apply(x: tf.Tensor, { training = false }: { training?: boolean } = {}): tf.Tensor {
    const output = this.model.apply(x, { training });
    if (!(output instanceof tf.Tensor)) throw new TypeError(`${this.model.name} has more than one output`);
    return output;
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** Networks by name. */
export type Networks = Readonly<Record<string, Network>>;

/** The weights of the named networks (all by default) under `NETWORK/LAYER/KIND`. */
export function networkWeights(nets: Networks, names: readonly string[] = Object.keys(nets)): NetworkWeight[] {
  return names.flatMap((net) =>
    (nets[net]?.weights ?? []).map((weight) => ({ ...weight, name: `${net}/${weight.name}` })),
  );
}

/**
 * The first batch normalisation of vectors, `NETWORK/LAYER`, if there is one: over a batch of one example their variance is 0,
 * and every output the same. Over the positions of an image it is not.
 */
export function vectorNormalisation(nets: Networks): string | undefined {
  for (const [net, { model }] of Object.entries(nets)) {
    // What is no layers-model (a transformer) has none.
    const found = (model?.layers ?? []).find((layer) => {
      return layer.getClassName() === 'BatchNormalization' && (layer.outputShape as tf.Shape).length === 2;
    });
    if (found) return `${net}/${found.name}`;
  }
  return undefined;
}

/** A network of stock layers, one after the other. The first layer states its `inputShape`. */
export function sequential(layers: tf.layers.Layer[]): Network {
  return new Network(tf.sequential({ layers }));
}

function weightsOf(layer: tf.layers.Layer, index: number): NetworkWeight[] {
  const taken = new Set<string>();
  return layer.weights.map((weight) => {
    // A layer that wraps others (bidirectional) has several weights of one name.
    const kind = weight.originalName.split('/').at(-1) ?? 'weight';
    let name = `${index}/${kind}`;
    for (let copy = 2; taken.has(name); copy++) name = `${index}/${kind}${copy}`;
    taken.add(name);
    // LayerVariable.read() returns the variable itself, typed as the tensor that it also is.
    return { name, variable: weight.read() as tf.Variable, trainable: layer.trainable && weight.trainable };
  });
}
