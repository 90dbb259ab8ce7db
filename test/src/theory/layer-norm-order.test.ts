import { readFileSync } from 'node:fs';
import { Random } from '@onnx-forge/infer';
import { CausalTransformer, tf } from '@onnx-forge/train';
import { type GradientPath, gradientNorms } from '@onnx-forge/train/kinds';
import { type Normalisation, seededInitializers } from '@onnx-forge/train/layers';

import { agree, between } from './agree.js';
import { useTensors } from './tensors.js';

type Matrix = readonly (readonly number[])[];

interface Attention {
  readonly wq: Matrix;
  readonly wk: Matrix;
  readonly wv: Matrix;
  readonly wo: Matrix;
}

/** Three layers and an input [4, 6] from the reference file, in float64. */
function referenceModel(): { layers: Attention[]; x: Matrix; target: Matrix } {
  const file = new URL('../../fixtures/objectives.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
    cases: { name: string; in: Record<string, unknown> }[];
  };
  const { weights, x, target } = cases.find(({ name }) => name === 'layerNormOrder')!.in;
  const layers = (weights as Matrix[][]).map(([wq, wk, wv, wo]) => ({ wq: wq!, wk: wk!, wv: wv!, wo: wo! }));
  return { layers, x: x as Matrix, target: target as Matrix };
}

function product(a: Matrix, b: Matrix): number[][] {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
}

function plus(a: Matrix, b: Matrix): number[][] {
  return a.map((row, i) => row.map((value, j) => value + b[i]![j]!));
}

/** softmax(x Wq (x Wk)' / sqrt(d) + causal) x Wv Wo. */
function attention({ wq, wk, wv, wo }: Attention, x: Matrix): number[][] {
  const [q, k, v] = [product(x, wq), product(x, wk), product(product(x, wv), wo)];
  return q.map((query, i) => {
    const weights = k.slice(0, i + 1).map((key) => {
      return Math.exp(query.reduce((sum, value, d) => sum + value * key[d]!, 0) / Math.sqrt(query.length));
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return v[0]!.map((_, d) => weights.reduce((sum, weight, j) => sum + (weight / total) * v[j]![d]!, 0));
  });
}

const EPSILON = 1e-5;

function moments(row: readonly number[]): { mean: number; deviation: number } {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  return { mean, deviation: Math.sqrt(variance + EPSILON) };
}

function layerNormRows(x: Matrix): number[][] {
  return x.map((row) => {
    const { mean, deviation } = moments(row);
    return row.map((value) => (value - mean) / deviation);
  });
}

/** J_LN at y in closed form: for each row (I - 1 1'/d - n n'/d) / s, n the normalised row, s its deviation. */
function layerNormJacobian(y: Matrix): number[][] {
  const [rows, d] = [y.length, y[0]!.length];
  const jacobian = Array.from({ length: rows * d }, () => new Array<number>(rows * d).fill(0));
  for (const [r, n] of layerNormRows(y).entries()) {
    const { deviation } = moments(y[r]!);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        jacobian[r * d + i]![r * d + j] = ((i === j ? 1 : 0) - 1 / d - (n[i]! * n[j]!) / d) / deviation;
      }
    }
  }
  return jacobian;
}

const flat = (x: Matrix): number[] => x.flat();
const shaped = (values: readonly number[], like: Matrix): number[][] =>
  like.map((row, i) => row.map((_, j) => values[i * row.length + j]!));

/** df/dx by central differences, fourth order, in float64: entry [i][j] is d f_i / d x_j. */
function jacobianOf(f: (x: Matrix) => Matrix, x: Matrix): number[][] {
  const h = 1e-3;
  const start = flat(x);
  const columns = start.map((_, j) => {
    const at = (by: number) =>
      flat(
        f(
          shaped(
            start.map((value, k) => (k === j ? value + by : value)),
            x,
          ),
        ),
      );
    const [a, b, c, d] = [at(-2 * h), at(-h), at(h), at(2 * h)];
    return a.map((value, i) => (value - 8 * b[i]! + 8 * c[i]! - d[i]!) / (12 * h));
  });
  return columns[0]!.map((_, i) => columns.map((column) => column[i]!));
}

const identity = (size: number): number[][] =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));

function largestDifference(a: Matrix, b: Matrix): number {
  return Math.max(...flat(a).map((value, i) => Math.abs(value - flat(b)[i]!)));
}

const BLOCKS = {
  pre: (layer: Attention) => (x: Matrix) => plus(x, attention(layer, layerNormRows(x))),
  post: (layer: Attention) => (x: Matrix) => layerNormRows(plus(x, attention(layer, x))),
} as const;

/**
 * Norms of d loss / d x_l of one batch at the start of training: blocks as in the assignment, without feed-forward
 * network; what enters the first is of variance 1.
 */
function normsAtStart(layers: number, normalisation: Normalisation, path: GradientPath): Float32Array {
  const sizes = { heads: 4, width: 32, blockSize: 32, vocabularySize: 65 };
  const options = { ...sizes, layers, normalisation, feedForward: false, embeddingScale: Math.SQRT1_2 };
  const net = new CausalTransformer(options, seededInitializers(new Random(1)));
  const random = new Random(1).fork('tokens');
  const windows = Int32Array.from({ length: 2 * 33 }, () => random.integer(65));
  const norms = gradientNorms(net, tf.tensor2d(windows, [2, 33], 'int32'), path).dataSync<'float32'>();
  net.dispose();
  return norms;
}

/** The gradient's norm at x_1, relative to that at the last block's output. */
const ratio = (norms: Float32Array) => norms[1]! / norms.at(-1)!;

describe('theory: where a transformer normalises', () => {
  useTensors();

  it('MVA Q15: post-LN: dx_{l+1}/dx_l = J_LN(x + A(x)) (I + dA/dx)', () => {
    const { layers, x } = referenceModel();
    for (const layer of layers) {
      const sum = (y: Matrix) => plus(y, attention(layer, y));
      const dA = jacobianOf((y) => attention(layer, y), x);
      const formula = product(layerNormJacobian(sum(x)), plus(identity(24), dA));
      agree('worst entry', largestDifference(jacobianOf(BLOCKS.post(layer), x), formula), 0, 1e-8);
    }
  });

  it('MVA Q15: pre-LN: dx_{l+1}/dx_l = I + dA(LN(x))/dx, the chain rule through LN included', () => {
    const { layers, x } = referenceModel();
    for (const layer of layers) {
      const inner = jacobianOf((y) => attention(layer, y), layerNormRows(x));
      const formula = plus(identity(24), product(inner, layerNormJacobian(x)));
      agree('worst entry', largestDifference(jacobianOf(BLOCKS.pre(layer), x), formula), 0, 1e-8);
    }
  });

  it('MVA Q15: over all layers post-LN is a product with L factors J_LN, pre-LN I plus the derivative of a sum', () => {
    const { layers, x } = referenceModel();
    const chain = (order: Normalisation) => (y: Matrix) =>
      layers.reduce<Matrix>((state, layer) => BLOCKS[order](layer)(state), y);
    let before: Matrix = x;
    const factors = layers.map((layer) => {
      const dA = jacobianOf((y) => attention(layer, y), before);
      const factor = product(layerNormJacobian(plus(before, attention(layer, before))), plus(identity(24), dA));
      before = BLOCKS.post(layer)(before);
      return factor;
    });
    const together = factors.reduce<Matrix>((all, factor) => product(factor, all), identity(24));
    agree('post-LN', largestDifference(jacobianOf(chain('post'), x), together), 0, 1e-7);
    const branches = (y: Matrix) => {
      let [state, sum]: [Matrix, Matrix] = [y, y.map((row) => row.map(() => 0))];
      for (const layer of layers) {
        const branch = attention(layer, layerNormRows(state));
        [state, sum] = [plus(state, branch), plus(sum, branch)];
      }
      return sum;
    };
    const preFormula = plus(identity(24), jacobianOf(branches, x));
    agree('pre-LN', largestDifference(jacobianOf(chain('pre'), x), preFormula), 0, 1e-7);
  });

  it('MVA Q15: J_LN shrinks what it is given: its norm is 1 over the deviation, and two directions are lost', () => {
    const { x } = referenceModel();
    const d = x[0]!.length;
    const scaled = x.map((row) => row.map((value) => 3 * value));
    const jacobian = layerNormJacobian(scaled);
    for (const [r, row] of scaled.entries()) {
      const block = jacobian.slice(r * d, (r + 1) * d).map((entries) => entries.slice(r * d, (r + 1) * d));
      const { deviation } = moments(row);
      const ones = product(
        block,
        row.map(() => [1]),
      );
      const along = product(
        block,
        layerNormRows([row])[0]!.map((value) => [value]),
      );
      agree('J 1', Math.max(...ones.flat().map(Math.abs)), 0, 1e-12);
      // n'n = d (1 - epsilon / s^2): lost up to epsilon.
      agree('J n', Math.max(...along.flat().map(Math.abs)), 0, 1e-4);
      // The other d - 2 singular values are 1 / s.
      const squares = block.flat().reduce((sum, value) => sum + value * value, 0);
      agree('sum of squared singular values', squares * deviation ** 2, d - 2, 1e-4);
    }
  });

  it('MVA Q16: along the residual path pre-LN loses nothing, post-LN a share in every layer', () => {
    for (const layers of [4, 24]) agree(`pre-LN, ${layers}`, ratio(normsAtStart(layers, 'pre', 'residual')), 1, 1e-4);
    const [shallow, deep] = [normsAtStart(4, 'post', 'residual'), normsAtStart(24, 'post', 'residual')];
    between('post-LN, 4 layers', ratio(shallow), 0.6, 0.95);
    between('post-LN, 24 layers', ratio(deep), 0.01, 0.1);
    for (let l = 6; l <= 24; l += 6) between(`layers ${l - 5} to ${l}`, deep[l - 5]! / deep[l]!, 0.2, 0.9);
  });

  it('MVA Q16: with what attention hands back the whole gradient stays within a factor of 3, in both', () => {
    for (const normalisation of ['pre', 'post'] satisfies Normalisation[]) {
      for (const layers of [4, 24]) {
        between(`${normalisation}-LN, ${layers}`, ratio(normsAtStart(layers, normalisation, 'whole')), 1 / 3, 3);
      }
    }
  });
});
