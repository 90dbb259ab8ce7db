import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Operator, operator } from './operator.js';

/** Old elements that make a new one, with their parts. */
interface Taps {
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

interface AxisPlan {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** The most elements of an axis that is resized. */
const LONGEST: number = 2 ** 16;

type Coordinate = (at: number, plan: AxisPlan) => number;

/** The place in the old image of a place in the new one, by ONNX's `coordinate_transformation_mode`. */
const COORDINATES: Readonly<Record<string, Coordinate>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  pytorch_half_pixel: (at, { scale, to }) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { from, to }) => (to === 1 ? 0 : (at * (from - 1)) / (to - 1)),
  asymmetric: (at, { scale }) => at / scale,
  half_pixel_symmetric: (at, { from, to, scale }) => {
    const adjusted = to / (scale * from);
    return (from / 2) * (1 - adjusted) + (at + 0.5) / scale - 0.5;
  },
};

const ROUNDINGS: Readonly<Record<string, (x: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
};

/** Keys' kernel (1981) at distances -1, 0, 1, 2 from the element before. */
function cubicWeights(t: number, a: number): number[] {
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** For each new element along an axis the old ones it is made of. */
function tapsOf(call: Call, plan: AxisPlan): Taps[] {
  const mode = call.text('mode', 'nearest');
  const old = call.opset < 11;
  const transform = call.text('coordinate_transformation_mode', old ? 'asymmetric' : 'half_pixel');
  const rounding = call.text('nearest_mode', old ? 'floor' : 'round_prefer_floor');
  const a = call.float('cubic_coeff_a', -0.75);
  const exclude = call.int('exclude_outside', 0) === 1;
  const coordinate = Object.hasOwn(COORDINATES, transform) ? COORDINATES[transform]! : undefined;
  const round = Object.hasOwn(ROUNDINGS, rounding) ? ROUNDINGS[rounding]! : undefined;
  if (!coordinate) throw call.fault(`maps coordinates by ${transform}, which is not supported`);
  if (!round) throw call.fault(`rounds by ${rounding}, which is not supported`);
  const { from, to } = plan;
  const inside = (i: number): number => Math.max(0, Math.min(from - 1, i));
  return Array.from({ length: to }, (_, at) => {
    const x = coordinate(at, plan);
    if (mode === 'nearest') return { indices: [inside(round(x))], weights: [1] };
    if (mode === 'linear') {
      const place = Math.max(0, Math.min(from - 1, x));
      const low = Math.floor(place);
      return { indices: [low, inside(low + 1)], weights: [1 - (place - low), place - low] };
    }
    if (mode !== 'cubic') throw call.fault(`resizes by '${mode}', which is not supported`);
    const low = Math.floor(x);
    const raw = cubicWeights(x - low, a);
    const places = [low - 1, low, low + 1, low + 2];
    const weights = exclude ? raw.map((w, i) => (places[i] === inside(places[i]!) ? w : 0)) : raw;
    const sum = exclude ? weights.reduce((total, w) => total + w, 0) : 1;
    return { indices: places.map(inside), weights: weights.map((w) => w / sum) };
  });
}

/** Elements along an axis as sums of old ones: an axis at a time, which is exact for these kernels. */
function resampled(x: tf.Tensor, axis: number, taps: readonly Taps[]): tf.Tensor {
  const count = taps[0]!.indices.length;
  const parts = Array.from({ length: count }, (_, k) => {
    const indices = tf.tensor1d(
      taps.map(({ indices }) => indices[k]!),
      'int32',
    );
    const taken = tf.gather(x, indices, axis);
    if (count === 1) return taken;
    const weights = taps.map(({ weights }) => weights[k]!);
    return tf.mul(
      taken,
      tf.tensor(
        weights,
        x.shape.map((_, i) => (i === axis ? taps.length : 1)),
      ),
    );
  });
  return parts.reduce((a, b) => tf.add(a, b));
}

function plans(call: Call, first: number): (AxisPlan | undefined)[] {
  const shape = call.shape();
  const given = call.ints('axes')?.map((axis) => call.axis(axis)) ?? shape.map((_, axis) => axis);
  const policy = call.text('keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') throw call.fault(`keeps the aspect ratio (${policy}), which is not supported`);
  if (call.int('antialias', 0) === 1) throw call.fault('smooths before it shrinks (antialias), which is not supported');
  call.ignore('extrapolation_value');
  const scales = call.has(first) && call.known(first).size > 0 ? call.known(first).numbers() : undefined;
  const sizes = call.has(first + 1) && call.known(first + 1).size > 0 ? call.known(first + 1).numbers() : undefined;
  return shape.map((from, axis) => {
    const at = given.indexOf(axis);
    if (at < 0) return undefined;
    const to = sizes ? sizes[at]! : Math.floor(from * scales![at]!);
    if (scales && !sizes && usesNewSize(call) && to !== from * scales[at]!) {
      throw call.fault(
        `scales ${from} elements by ${scales[at]}, to no whole number; runtimes differ in what that means`,
      );
    }
    if (!(to >= 0 && to <= LONGEST))
      throw call.fault(`resizes an axis to ${to} elements; 0 to ${LONGEST} are supported`);
    return { from, to, scale: sizes ? to / from : scales![at]! };
  });
}

/** Whether coordinates depend on the new size: the specification takes it as it is, onnxruntime rounds it. */
function usesNewSize(call: Call): boolean {
  return ['align_corners', 'half_pixel_symmetric'].includes(call.text('coordinate_transformation_mode', 'half_pixel'));
}

function resize(call: Call): tf.Tensor {
  let x = call.tensor(0);
  // The region of interest came with opset 11, and is used by one mode that is refused.
  const wanted = plans(call, call.opset < 11 ? 1 : 2);
  call.room(x.shape.map((n, axis) => wanted[axis]?.to ?? n));
  for (const [axis, plan] of wanted.entries()) {
    if (plan && (plan.to !== plan.from || plan.scale !== 1)) x = resampled(x, axis, tapsOf(call, plan));
  }
  call.ignore(...ATTRIBUTES);
  return x;
}

const ATTRIBUTES = ['mode', 'coordinate_transformation_mode', 'nearest_mode', 'cubic_coeff_a', 'exclude_outside'];

/** Resize of before opset 10, whose scales were an attribute at first. */
function upsample(call: Call): tf.Tensor {
  let x = call.tensor(0);
  const scales = call.opset < 9 ? call.node.attributes.get('scales') : call.known(1).numbers();
  call.ignore('scales');
  for (const [axis, scale] of (scales as number[]).entries()) {
    const from = x.shape[axis]!;
    const to = Math.floor(from * scale);
    if (!(to >= 0 && to <= LONGEST))
      throw call.fault(`resizes an axis to ${to} elements; 0 to ${LONGEST} are supported`);
    if (scale !== 1) x = resampled(x, axis, tapsOf(call, { from, to, scale }));
  }
  call.ignore(...ATTRIBUTES);
  return x;
}

/** Images of other sizes. */
export const resizing: readonly Operator[] = [
  operator('Resize', resize, { constants: [1, 2, 3] }),
  operator('Upsample', upsample, { constants: [1] }),
];
