import { floats, ints, type NodeSpec } from './onnx.js';
import type { RunSpec } from './run-folder.js';

/** z ~ N(0, 1) in two dimensions, six Bernoulli pixels with logits W' z + b: small enough for exact integrals. */
export const LATENT = 2;
export const PIXELS = 6;
/** [LATENT, PIXELS] */
const W = [1.5, -2, 0.7, 2.2, -1, 0.3, -1.2, 0.8, 2.5, 1, 1.8, -2.1];
const B = [0.2, -0.4, 0.1, -1, 0.5, 0];

/** log p(x) by the trapezoidal rule on a grid from -8 to 8, in float64: exact to 1e-9 for so smooth a function. */
export function exactLogLikelihood(x: ArrayLike<number>): number {
  const [steps, width] = [120, 16];
  const h = width / steps;
  let total = 0;
  for (let i = 0; i <= steps; i++) {
    for (let j = 0; j <= steps; j++) {
      const [a, b] = [i * h - width / 2, j * h - width / 2];
      let logP = -Math.log(2 * Math.PI) - (a * a + b * b) / 2;
      for (let d = 0; d < PIXELS; d++) {
        const logit = a * W[d]! + b * W[PIXELS + d]! + B[d]!;
        logP += x[d]! * logit - Math.log1p(Math.exp(logit));
      }
      total += Math.exp(logP) * h * h;
    }
  }
  return Math.log(total);
}

/** As a run, written by hand. Its encoder is rough: it looks at the pixels by a small linear layer, with a variance of 0.5. */
export function bernoulliRun(): RunSpec {
  const constants = {
    W: floats(W, [LATENT, PIXELS]),
    Wt: floats(
      Array.from({ length: LATENT * PIXELS }, (_, i) => W[(i % LATENT) * PIXELS + Math.floor(i / LATENT)]!),
      [PIXELS, LATENT],
    ),
    E: floats(
      Array.from({ length: LATENT * PIXELS }, (_, i) => 0.2 * W[(i % LATENT) * PIXELS + Math.floor(i / LATENT)]!),
      [PIXELS, LATENT],
    ),
    b: floats(B, [PIXELS]),
    zero: floats([0, 0], [LATENT]),
    zeros: floats(new Array(LATENT * PIXELS).fill(0), [PIXELS, LATENT]),
    last: ints([-1]),
    logVariance: floats([Math.log(0.5), Math.log(0.5)], [LATENT]),
  };
  const logits: NodeSpec = ['Gemm', ['z', 'W', 'b'], 'logits'];
  return {
    kind: 'latent',
    serve: {
      latentDim: LATENT,
      prior: 'normal',
      image: { height: 2, width: 3, channels: 1, range: [0, 1] },
      likelihood: 'bernoulli',
    },
    graphs: {
      encode: {
        inputs: { x: ['n', PIXELS] },
        outputs: { mu: ['n', LATENT], logVar: ['n', LATENT] },
        nodes: [
          ['Gemm', ['x', 'E', 'zero'], 'mu'],
          ['Gemm', ['x', 'zeros', 'logVariance'], 'logVar'],
        ],
        constants,
      },
      decode: {
        inputs: { z: ['n', LATENT] },
        outputs: { mean: ['n', PIXELS] },
        nodes: [logits, ['Sigmoid', ['logits'], 'mean']],
        constants,
      },
      logConditionalGradient: {
        inputs: { x: ['n', PIXELS], z: ['n', LATENT] },
        outputs: { logProb: ['n'], gradient: ['n', LATENT] },
        nodes: [
          logits,
          ['Mul', ['x', 'logits'], 'chosen'],
          ['Softplus', ['logits'], 'normaliser'],
          ['Sub', ['chosen', 'normaliser'], 'terms'],
          ['ReduceSum', ['terms', 'last'], 'logProb', { keepdims: 0 }],
          ['Sigmoid', ['logits'], 'mean'],
          ['Sub', ['x', 'mean'], 'residual'],
          ['MatMul', ['residual', 'Wt'], 'gradient'],
        ],
        constants,
      },
    },
  };
}
