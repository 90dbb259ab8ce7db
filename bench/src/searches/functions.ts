import type { OptionValues } from '@onnx-forge/train/options';
import type { Space } from '@onnx-forge/train/sweep';

/** A function to minimise. `optuna_peer.py` has the same ones under the same names. */
export interface TestFunction {
  readonly name: string;
  readonly space: Space;
  loss(settings: OptionValues): number;
}

function unit(names: string, min: number, max: number): Space {
  return Object.fromEntries([...names].map((name) => [name, { min, max }]));
}

function numbers(settings: OptionValues): number[] {
  return Object.values(settings).map(Number);
}

const HARTMANN_WEIGHTS = [1, 1.2, 3, 3.2];
const HARTMANN_SCALES = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const HARTMANN_CENTRES = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];

/** Four standard functions (Surjanovic & Bingham's library) and one with a logarithmic, a whole and a named parameter. */
export const FUNCTIONS: readonly TestFunction[] = [
  {
    name: 'branin',
    space: { x: { min: -5, max: 10 }, y: { min: 0, max: 15 } },
    loss(settings) {
      const [x, y] = numbers(settings) as [number, number];
      const bend = y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6;
      return bend ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
    },
  },
  {
    name: 'hartmann6',
    space: unit('abcdef', 0, 1),
    loss(settings) {
      const x = numbers(settings);
      return -HARTMANN_WEIGHTS.reduce((sum, weight, i) => {
        const distance = x.reduce(
          (total, value, j) => total + HARTMANN_SCALES[i]![j]! * (value - 1e-4 * HARTMANN_CENTRES[i]![j]!) ** 2,
          0,
        );
        return sum + weight * Math.exp(-distance);
      }, 0);
    },
  },
  {
    name: 'rosenbrock',
    space: { x: { min: -2, max: 2 }, y: { min: -1, max: 3 } },
    loss(settings) {
      const [x, y] = numbers(settings) as [number, number];
      return (1 - x) ** 2 + 100 * (y - x ** 2) ** 2;
    },
  },
  {
    name: 'ackley5',
    space: unit('abcde', -32, 32),
    loss(settings) {
      const x = numbers(settings);
      const mean = (term: (value: number) => number) => x.reduce((sum, value) => sum + term(value), 0) / x.length;
      const far = 20 * Math.exp(-0.2 * Math.sqrt(mean((value) => value ** 2)));
      return -far - Math.exp(mean((value) => Math.cos(2 * Math.PI * value))) + 20 + Math.E;
    },
  },
  {
    name: 'mixed',
    space: {
      rate: { min: 1e-5, max: 1, log: true },
      units: { min: 1, max: 64, integer: true },
      kind: { values: ['a', 'b', 'c', 'd'] },
    },
    loss({ rate, units, kind }) {
      const ofKind = { a: 0, b: 0.5, c: 1, d: 0.3 }[kind as 'a' | 'b' | 'c' | 'd'];
      return (Math.log10(rate as number) + 2.5) ** 2 + (((units as number) - 23) / 16) ** 2 + ofKind;
    },
  },
];
