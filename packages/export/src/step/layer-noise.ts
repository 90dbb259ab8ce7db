import { type Draw, givingDraws } from '../record/draws.js';
import { followLayers } from '../record/layers.js';
import { tf } from '../tfjs.js';
import type { StepRandom } from './host-inputs.js';

type Draws = (random: StepRandom, shape: readonly number[]) => tf.Tensor;

const uniform: Draws = (random, shape) => random.uniform(shape);
const normal =
  (mean: number, deviation: number): Draws =>
  (random, shape) =>
    tf.add(tf.mul(random.normal(shape), deviation), mean);

interface NoiseLayer extends tf.layers.Layer {
  readonly rate: number;
  readonly stddev: number;
}

interface WrappingLayer extends tf.layers.Layer {
  readonly layer?: tf.layers.Layer;
}

/** tfjs's noise layers, which it does not export as classes: one of each, named so that the names of others are not counted on. */
const NOISE_LAYERS: readonly { readonly like: tf.layers.Layer; readonly draws: (layer: NoiseLayer) => Draws }[] = [
  { like: tf.layers.gaussianNoise({ stddev: 1, name: 'noise' }), draws: ({ stddev }) => normal(0, stddev) },
  {
    like: tf.layers.gaussianDropout({ rate: 0.5, name: 'noise' }),
    draws: ({ rate }) => normal(1, Math.sqrt(rate / (1 - rate))),
  },
  { like: tf.layers.alphaDropout({ rate: 0.5, name: 'noise' }), draws: () => uniform },
];

/**
 * Runs `f` with the noise of tfjs's dropout (layers, recurrent cells, `tf.dropout`) and of its noise layers drawn from
 * `random`, in the order of the calls. A layer with a seed of its own keeps it: as in tfjs, its mask is the same in every
 * step. Other draws are tfjs's, whose distribution can't be seen from outside.
 */
export function withLayerNoise<T>(random: StepRandom, f: () => T): T {
  const recurrent = new Set<RecurrentLayer>();
  const layers = followLayers((layer) => {
    if (!isRecurrent(layer)) return;
    recurrent.add(layer);
    forgetMasks(layer);
  });
  try {
    return givingDraws((draw) => {
      const draws = drawsOf(draw, layers.innermost());
      return draws ? draws(random, draw.shape) : draw.make();
    }, f);
  } finally {
    layers.stop();
    recurrent.forEach(forgetMasks);
  }
}

/** The dropout masks that a cell keeps for all steps of time; the layer of a bare cell would keep them for good. */
interface Cell {
  dropoutMask?: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask?: tf.Tensor | tf.Tensor[] | null;
  /** Of stacked cells. */
  readonly cells?: readonly Cell[];
}

interface RecurrentLayer extends tf.layers.Layer {
  readonly cell: Cell;
}

function isRecurrent(layer: tf.layers.Layer): layer is RecurrentLayer {
  return layer instanceof tf.RNN;
}

function forgetMasks({ cell }: RecurrentLayer): void {
  for (const one of cell.cells ?? [cell]) {
    for (const mask of ['dropoutMask', 'recurrentDropoutMask'] as const) {
      if (!one[mask]) continue;
      tf.dispose(one[mask]);
      one[mask] = null;
    }
  }
}

/** The distribution, where the function or the layer that draws tells it. */
function drawsOf({ ops, dtype }: Draw, layer: tf.layers.Layer | undefined): Draws | undefined {
  if (dtype !== 'float32') return undefined;
  switch (ops.join(' ')) {
    case 'dropout randomUniform':
      return uniform;
    case 'randomStandardNormal randomNormal':
      return normal(0, 1);
    case 'randomUniform':
    case 'randomNormal':
      // A time-distributed layer calls the one in it without applying it.
      return noiseOf(layer) ?? noiseOf((layer as WrappingLayer | undefined)?.layer);
    default:
      return undefined;
  }
}

function noiseOf(layer: tf.layers.Layer | undefined): Draws | undefined {
  return NOISE_LAYERS.find(({ like }) => like.constructor === layer?.constructor)?.draws(layer as NoiseLayer);
}
