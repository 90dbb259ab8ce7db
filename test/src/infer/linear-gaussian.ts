import { readFileSync } from 'node:fs';
import { floats, ints, type ModelSpec, type NodeSpec } from './onnx.js';

/**
 * x = W z + b + noise, z ~ N(0, I), noise ~ N(0, s2 I): the latent-variable model of which log p(x) and p(z|x) are known
 * exactly. Numbers made independently in float64 (PyTorch).
 */
export interface LinearGaussian {
  readonly W: number[][];
  readonly b: number[];
  readonly noiseVariance: number;
  readonly x: number[][];
  readonly logP: number[];
  readonly posteriorMean: number[][];
  readonly posteriorCovariance: number[][];
}

interface ReferenceCase {
  readonly name: string;
  readonly in: unknown;
  readonly out: unknown;
}

/** One case of the reference values. */
export function referenceCase<In, Out>(name: string): { in: In; out: Out } {
  const file = new URL('../../fixtures/objectives.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: ReferenceCase[] };
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`no reference case '${name}'`);
  return found as unknown as { in: In; out: Out };
}

export function linearGaussian(): LinearGaussian {
  const reference = referenceCase<object, object>('linearGaussian');
  return { ...reference.in, ...reference.out } as LinearGaussian;
}

/**
 * The graphs of a latent model for it. The proposal q(z|x) has the exact posterior mean and `widening` times its
 * marginal variances (no correlation): wider than the posterior, as importance sampling needs.
 */
export function linearGaussianGraphs(model: LinearGaussian, widening = 2): Record<string, ModelSpec> {
  const { W, b, noiseVariance: s2, posteriorCovariance: S } = model;
  const D = b.length;
  const L = S.length;
  // posterior mean = S W' (x - b) / s2
  const M = S.map((row) => W.map((w) => row.reduce((sum, s, j) => sum + s * w[j]!, 0) / s2)); // [L, D]
  const shift = M.map((row) => -row.reduce((sum, m, d) => sum + m * b[d]!, 0));
  const logVariance = S.map((row, i) => Math.log(widening * row[i]!));
  const constants = {
    Wt: floats(
      Array.from({ length: L * D }, (_, i) => W[i % D]![Math.floor(i / D)]!),
      [L, D],
    ),
    b: floats(b, [D]),
    Mt: floats(
      Array.from({ length: D * L }, (_, i) => M[i % L]![Math.floor(i / L)]!),
      [D, L],
    ),
    shift: floats(shift, [L]),
    zeros: floats(new Array(D * L).fill(0), [D, L]),
    logVariance: floats(logVariance, [L]),
    half: floats([0.5]),
    one: floats([1]),
    precision: floats([-0.5 / s2]),
    normalizer: floats([-0.5 * D * Math.log(2 * Math.PI * s2)]),
    axis1: ints([1]),
    last: ints([-1]),
  };
  const proposal: NodeSpec[] = [
    ['Gemm', ['x', 'Mt', 'shift'], 'mu'],
    ['Gemm', ['x', 'zeros', 'logVariance'], 'logVar'],
  ];
  /** log p(x|z) from z and an x that broadcasts against it. */
  const conditional = (z: string, x: string, output: string): NodeSpec[] => [
    ['MatMul', [z, 'Wt'], 'Wz'],
    ['Add', ['Wz', 'b'], 'mean'],
    ['Sub', [x, 'mean'], 'residual'],
    ['Mul', ['residual', 'residual'], 'squared'],
    ['ReduceSum', ['squared', 'last'], 'distance', { keepdims: 0 }],
    ['Mul', ['distance', 'precision'], 'exponent'],
    ['Add', ['exponent', 'normalizer'], output],
  ];
  return {
    encode: {
      inputs: { x: ['n', D] },
      outputs: { mu: ['n', L], logVar: ['n', L] },
      nodes: proposal,
      constants,
    },
    decode: {
      inputs: { z: ['n', L] },
      outputs: { mean: ['n', D] },
      nodes: [
        ['MatMul', ['z', 'Wt'], 'Wz'],
        ['Add', ['Wz', 'b'], 'mean'],
      ],
      constants,
    },
    logConditional: {
      inputs: { x: ['n', D], z: ['k', L] },
      outputs: { logProb: ['n', 'k'] },
      nodes: [['Unsqueeze', ['x', 'axis1'], 'x1'], ...conditional('z', 'x1', 'logProb')],
      constants,
    },
    logWeights: {
      inputs: { x: ['n', D], mu: ['n', L], logVar: ['n', L], noise: ['n', 'k', L] },
      outputs: { logWeights: ['n', 'k'] },
      nodes: [
        ['Unsqueeze', ['x', 'axis1'], 'x1'],
        ['Unsqueeze', ['mu', 'axis1'], 'mu1'],
        ['Unsqueeze', ['logVar', 'axis1'], 'logVar1'],
        ['Mul', ['logVar1', 'half'], 'logSd'],
        ['Exp', ['logSd'], 'sd'],
        ['Mul', ['noise', 'sd'], 'scaled'],
        ['Add', ['mu1', 'scaled'], 'z'],
        ...conditional('z', 'x1', 'logConditional'),
        // log p(z) - log q(z|x) = (sum noise^2 - z^2 + logVar) / 2: the constants cancel
        ['Mul', ['noise', 'noise'], 'noise2'],
        ['Mul', ['z', 'z'], 'z2'],
        ['Sub', ['noise2', 'z2'], 'difference'],
        ['Add', ['difference', 'logVar1'], 'terms'],
        ['ReduceSum', ['terms', 'last'], 'total', { keepdims: 0 }],
        ['Mul', ['total', 'half'], 'ratio'],
        ['Add', ['logConditional', 'ratio'], 'logWeights'],
      ],
      constants,
    },
    elbo: {
      inputs: { x: ['n', D], noise: ['n', L] },
      outputs: { elbo: ['n'], reconstruction: ['n'], kl: ['n'] },
      nodes: [
        ...proposal,
        ['Mul', ['logVar', 'half'], 'logSd'],
        ['Exp', ['logSd'], 'sd'],
        ['Mul', ['noise', 'sd'], 'scaled'],
        ['Add', ['mu', 'scaled'], 'z'],
        ...conditional('z', 'x', 'reconstruction'),
        ['Mul', ['mu', 'mu'], 'mu2'],
        ['Exp', ['logVar'], 'variance'],
        ['Add', ['mu2', 'variance'], 'moment'],
        ['Sub', ['moment', 'logVar'], 'a'],
        ['Sub', ['a', 'one'], 'c'],
        ['ReduceSum', ['c', 'last'], 'sum', { keepdims: 0 }],
        ['Mul', ['sum', 'half'], 'kl'],
        ['Sub', ['reconstruction', 'kl'], 'elbo'],
      ],
      constants,
    },
  };
}
