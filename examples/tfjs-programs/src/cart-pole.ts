/** Cart-pole: a policy network learns to balance a pole, by policy gradients. `node dist/cart-pole.js [games]` */
import tf from '@onnx-forge/export/node';
import { seeded } from './seeded.js';

const GAMES = Number(process.argv[2] ?? 20);
const MOST_STEPS = 100;
const DISCOUNT = 0.95;

/** The simulated system of a pole on a cart, in SI units; Euler steps of 20 ms. */
class CartPole {
  #x = 0;
  #xDot = 0;
  #theta = 0;
  #thetaDot = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  reset(): void {
    const start = (): number => 0.1 * (this.#random() - 0.5);
    [this.#x, this.#xDot, this.#theta, this.#thetaDot] = [start(), start(), start(), start()];
  }

  state(): tf.Tensor2D {
    return tf.tensor2d([[this.#x, this.#xDot, this.#theta, this.#thetaDot]]);
  }

  /** Pushes the cart; true when the game is lost. */
  update(push: number): boolean {
    const [gravity, cart, pole, half, tau] = [9.8, 1, 0.1, 0.5, 0.02];
    const [sin, cos, total] = [Math.sin(this.#theta), Math.cos(this.#theta), cart + pole];
    const pushed = (10 * push + pole * half * this.#thetaDot ** 2 * sin) / total;
    const thetaAcceleration = (gravity * sin - cos * pushed) / (half * (4 / 3 - (pole * cos ** 2) / total));
    const xAcceleration = pushed - (pole * half * thetaAcceleration * cos) / total;
    this.#x += tau * this.#xDot;
    this.#xDot += tau * xAcceleration;
    this.#theta += tau * this.#thetaDot;
    this.#thetaDot += tau * thetaAcceleration;
    return Math.abs(this.#x) > 2.4 || Math.abs(this.#theta) > (12 / 360) * 2 * Math.PI;
  }
}

const policy = tf.sequential();
policy.add(tf.layers.dense({ units: 16, activation: 'elu', inputShape: [4] }));
policy.add(tf.layers.dense({ units: 1 }));
const optimizer = tf.train.adam(0.05);
const system = new CartPole(seeded(1));

type Gradients = Record<string, tf.Tensor>;

/** The gradients that make the drawn action likelier, and the action: 1 or -1. */
function act(state: tf.Tensor2D): { grads: Gradients; push: number } {
  let push = 0;
  const { value, grads } = tf.variableGrads(() =>
    tf.tidy(() => {
      const logits = policy.predict(state) as tf.Tensor2D;
      const left = tf.sigmoid(logits);
      const leftRight = tf.concat([left, tf.sub(1, left)], 1) as tf.Tensor2D;
      const actions = tf.multinomial(leftRight, 1, Math.floor(1e6 * Math.random()) + 1, true) as tf.Tensor2D;
      push = actions.dataSync()[0] === 0 ? 1 : -1;
      const labels = tf.sub(1, tf.tensor2d(actions.dataSync(), actions.shape as [number, number]));
      return tf.losses.sigmoidCrossEntropy(labels, logits).asScalar();
    }),
  );
  value.dispose();
  return { grads, push };
}

/** The gradients of a game's steps, each weighted by its discounted rewards, in the mean. */
function meanGradients(steps: readonly Gradients[]): Gradients {
  const rewards = steps.map((_, i) => (i === steps.length - 1 ? 0 : 1));
  for (let i = steps.length - 2; i >= 0; i--) rewards[i]! += DISCOUNT * rewards[i + 1]!;
  return tf.tidy(() => {
    const discounted = tf.tensor1d(rewards);
    const { mean, variance } = tf.moments(discounted);
    const weights = discounted.sub(mean).div(variance.sqrt().add(1e-8));
    const weighted = Object.keys(steps[0]!).map((name): [string, tf.Tensor] => {
      const stacked = tf.stack(steps.map((grads) => grads[name]!));
      const shaped = weights.reshape([steps.length, ...stacked.shape.slice(1).map(() => 1)]);
      return [name, stacked.mul(shaped).mean(0)];
    });
    return Object.fromEntries(weighted);
  });
}

console.log(`${tf.memory().numTensors} tensors`);
for (let game = 1; game <= GAMES; game++) {
  system.reset();
  const steps: Gradients[] = [];
  for (let lost = false; !lost && steps.length < MOST_STEPS; ) {
    const state = system.state();
    const { grads, push } = act(state);
    state.dispose();
    steps.push(grads);
    lost = system.update(push);
  }
  const gradients = meanGradients(steps);
  optimizer.applyGradients(Object.entries(gradients).map(([name, tensor]) => ({ name, tensor })));
  tf.dispose([steps, gradients]);
  const bias = policy.layers[1]!.getWeights()[1]!.dataSync()[0]!;
  console.log(`game ${game}: ${steps.length} steps, bias ${bias.toFixed(6)}, ${tf.memory().numTensors} tensors`);
}
console.log(`${tf.memory().numTensors} tensors`);
