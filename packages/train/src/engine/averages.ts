import { tf } from '@onnx-forge/export';
import { type Networks, type NetworkWeight, networkWeights } from '../layers/network.js';

/** In the state, an average has its weight's name behind this. */
export const AVERAGE_PREFIX = 'average/';

interface AveragedNetwork {
  /** Updates so far, a scalar. */
  readonly updates: tf.Variable;
  readonly pairs: readonly { readonly average: tf.Variable; readonly weight: tf.Variable }[];
}

/**
 * Running averages of the weights (Polyak & Juditsky 1992, exponential): a second set of networks that follows the first.
 * They are what is validated, sampled from and exported; the first ones are what is trained. Averages of batch
 * normalisation are averaged likewise.
 */
export class WeightAverages {
  /** The networks that hold the averages. */
  readonly nets: Networks;
  /** All variables of the averages, with their names in the state. */
  readonly weights: readonly NetworkWeight[];
  readonly #decay: number;
  readonly #networks: ReadonlyMap<string, AveragedNetwork>;

  /**
   * @param trained the networks in training
   * @param followers the same networks again, with the same weights: they become the averages
   * @param decay what an average keeps of itself in an update, in [0, 1)
   */
  constructor(trained: Networks, followers: Networks, decay: number) {
    this.nets = followers;
    this.#decay = decay;
    const networks = new Map<string, AveragedNetwork>();
    const weights: NetworkWeight[] = [];
    for (const name of Object.keys(trained)) {
      const [from, to] = [networkWeights(trained, [name]), networkWeights(followers, [name])];
      const updates = tf.tidy(() => tf.variable(tf.scalar(0), false));
      networks.set(name, {
        updates,
        pairs: from.map(({ variable }, index) => ({ weight: variable, average: to[index]!.variable })),
      });
      weights.push(...to.map((weight) => ({ ...weight, name: `${AVERAGE_PREFIX}${weight.name}` })));
      weights.push({ name: `${AVERAGE_PREFIX}${name}/updates`, variable: updates, trainable: false });
    }
    this.#networks = networks;
    this.weights = weights;
  }

  /**
   * Moves the averages of the named networks. Part of the traced step. Early on the average keeps less of itself,
   * (1 + n) / (10 + n) after n updates, so that it forgets the initial weights.
   */
  update(names: readonly string[]): void {
    for (const name of names) {
      const { updates, pairs } = this.#networks.get(name)!;
      const decay = tf.minimum(this.#decay, tf.div(tf.add(updates, 1), tf.add(updates, 10)));
      for (const { average, weight } of pairs) {
        average.assign(weight.add(average.sub(weight).mul(decay)));
      }
      updates.assign(updates.add(1));
    }
  }

  dispose(): void {
    for (const net of Object.values(this.nets)) net.dispose();
    for (const { updates } of this.#networks.values()) updates.dispose();
  }
}
