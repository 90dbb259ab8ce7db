/** Random small networks over images of free height and width. */
import { tf } from '@onnx-forge/export';
import fc from 'fast-check';

type Pad = 'same' | 'valid' | number;
type Axis = 1 | 2;

/** One layer of a network; images are [batch, height, width, channels]. */
export type Layer =
  | { op: 'conv' | 'depthwise'; kernel: [number, number]; stride: [number, number]; pad: Pad; dilation: number }
  | {
      op: 'max' | 'avg';
      kernel: [number, number];
      stride: [number, number];
      pad: Pad;
      rounding: 'floor' | 'ceil' | 'round';
    }
  | { op: 'nearest' | 'bilinear'; factor: [number, number]; alignCorners: boolean; halfPixelCenters: boolean }
  | { op: 'fixedSize'; size: [number, number] }
  | { op: 'transposed'; kernel: number; stride: number; pad: 'same' | 'valid' }
  | { op: 'pad'; amounts: [number, number, number, number]; value: number }
  | { op: 'mirror'; mode: 'reflect' | 'symmetric' }
  | { op: 'flatten'; rows: boolean }
  | { op: 'twice'; axis: 1 | 2 | 3 }
  | { op: 'slice'; begin: [number, number]; less: number }
  | { op: 'half'; axis: Axis; up: boolean }
  | { op: 'everySecond'; axis: Axis }
  | { op: 'reverse'; axis: Axis }
  | { op: 'turn' }
  | { op: 'addPooled' }
  | { op: 'ones' }
  | { op: 'scale'; by: 'count' | 'root' | 'half' }
  | { op: 'positions'; axis: Axis }
  | { op: 'skip' }
  | { op: 'relu' };

const two = (low: number, high: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }));
const padding = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Pad>('same') },
  { weight: 2, arbitrary: fc.constant<Pad>('valid') },
  { weight: 1, arbitrary: fc.constantFrom<Pad>(0, 1, 2) },
);
const axis = fc.constantFrom<Axis>(1, 2);
const amount = fc.integer({ min: 0, max: 2 });
const only = <T extends Layer['op']>(op: T): fc.Arbitrary<T> => fc.constant(op);

const layer: fc.Arbitrary<Layer> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        op: fc.constantFrom('conv' as const, 'depthwise' as const),
        kernel: two(1, 4),
        stride: two(1, 3),
        pad: padding,
        dilation: fc.constantFrom(1, 1, 2),
      })
      // tfjs strides or dilates, and its depthwise convolution strides both ways alike.
      .map(({ dilation, stride, ...rest }) => ({
        ...rest,
        stride: (rest.op === 'depthwise' ? [stride[0], stride[0]] : stride) as [number, number],
        dilation: stride[0] === 1 && stride[1] === 1 ? dilation : 1,
      })),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        op: fc.constantFrom('max' as const, 'avg' as const),
        kernel: two(1, 3),
        stride: two(1, 3),
        pad: padding,
        rounding: fc.constantFrom('floor' as const, 'floor' as const, 'ceil' as const, 'round' as const),
      })
      // Of a window of nothing but padding tfjs gives NaN or -Infinity, which nobody wants.
      .map((pool) => {
        if (typeof pool.pad !== 'number') return { ...pool, rounding: 'floor' as const };
        return { ...pool, pad: Math.min(pool.pad, ...pool.kernel.map((k) => k - 1)) };
      }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        op: fc.constantFrom('nearest' as const, 'bilinear' as const),
        factor: two(1, 3),
        alignCorners: fc.boolean(),
        halfPixelCenters: fc.boolean(),
      })
      .map((resize) => ({
        ...resize,
        alignCorners: resize.op === 'bilinear' && resize.alignCorners,
        halfPixelCenters: !(resize.op === 'bilinear' && resize.alignCorners) && resize.halfPixelCenters,
      })),
  },
  { weight: 1, arbitrary: fc.record({ op: only('fixedSize'), size: two(1, 6) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: only('transposed'),
      kernel: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 3 }),
      pad: fc.constantFrom('same' as const, 'valid' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: only('pad'),
      amounts: fc.tuple(amount, amount, amount, amount),
      value: fc.constantFrom(0, 1.5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: only('mirror'), mode: fc.constantFrom('reflect' as const, 'symmetric' as const) }),
  },
  { weight: 2, arbitrary: fc.record({ op: only('flatten'), rows: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: only('twice'), axis: fc.constantFrom<1 | 2 | 3>(1, 2, 3) }) },
  { weight: 2, arbitrary: fc.record({ op: only('slice'), begin: two(0, 2), less: fc.integer({ min: 0, max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ op: only('half'), axis, up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: only('everySecond'), axis }) },
  { weight: 1, arbitrary: fc.record({ op: only('reverse'), axis }) },
  { weight: 1, arbitrary: fc.record({ op: only('turn') }) },
  { weight: 1, arbitrary: fc.record({ op: only('addPooled') }) },
  { weight: 1, arbitrary: fc.record({ op: only('ones') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: only('scale'),
      by: fc.constantFrom('count' as const, 'root' as const, 'half' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: only('positions'), axis }) },
  { weight: 1, arbitrary: fc.record({ op: only('skip') }) },
  { weight: 1, arbitrary: fc.record({ op: only('relu') }) },
);

/** Networks of one to four layers. */
export const networks: fc.Arbitrary<Layer[]> = fc.array(layer, { minLength: 1, maxLength: 4 });

/** Numbers without chance, so that every trace has the same weights. */
function weights(shape: number[], shift: number): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + shift)),
    shape,
  );
}

type Image = tf.Tensor4D;

/** Runs the network; `seen` is told of every image on the way. */
export function runNetwork(layers: readonly Layer[], x: Image, seen: (image: tf.Tensor) => void = () => {}): tf.Tensor {
  let [y, earlier] = [x, x];
  for (const [i, layer] of layers.entries()) {
    const next = runLayer(layer, y, earlier, i);
    seen(next);
    [earlier, y] = [y, next];
  }
  return y;
}

function runLayer(layer: Layer, x: Image, earlier: Image, i: number): Image {
  const [batch, height, width, channels] = x.shape;
  const spatial = (begin: [number, number], size: [number, number]): Image =>
    tf.slice(x, [0, begin[0], begin[1], 0], [batch, size[0], size[1], channels]);
  switch (layer.op) {
    case 'conv':
      return tf.conv2d(
        x,
        weights([...layer.kernel, channels, 2], i) as Image,
        layer.stride,
        layer.pad,
        'NHWC',
        layer.dilation,
      );
    case 'depthwise':
      return tf.depthwiseConv2d(
        x,
        weights([...layer.kernel, channels, 1], i) as Image,
        layer.stride,
        layer.pad,
        'NHWC',
        layer.dilation,
      );
    case 'max':
      return tf.maxPool(x, layer.kernel, layer.stride, layer.pad, rounding(layer));
    case 'avg':
      return tf.avgPool(x, layer.kernel, layer.stride, layer.pad, rounding(layer));
    case 'nearest':
    case 'bilinear': {
      const resize = layer.op === 'nearest' ? tf.image.resizeNearestNeighbor : tf.image.resizeBilinear;
      const size: [number, number] = [height * layer.factor[0], width * layer.factor[1]];
      return resize(x, size, layer.alignCorners, layer.halfPixelCenters);
    }
    case 'fixedSize':
      return tf.image.resizeBilinear(x, layer.size);
    case 'transposed': {
      const { kernel, stride, pad } = layer;
      const out = (n: number): number => n * stride + (pad === 'same' ? 0 : Math.max(kernel - stride, 0));
      const filter = weights([kernel, kernel, 2, channels], i) as Image;
      return tf.conv2dTranspose(x, filter, [batch, out(height), out(width), 2], stride, pad);
    }
    case 'pad': {
      const [top, bottom, left, right] = layer.amounts;
      const pads: [number, number][] = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      return tf.pad(x, pads, layer.value);
    }
    case 'mirror': {
      const pads: [number, number][] = [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ];
      return tf.mirrorPad(x, pads, layer.mode);
    }
    case 'flatten': {
      const scaled = tf.mul(
        tf.reshape(x, layer.rows ? [batch * height, width, channels] : [batch, height * width, channels]),
        weights([channels], i),
      );
      return tf.reshape(scaled, [batch, height, width, channels]) as Image;
    }
    case 'twice':
      return tf.concat([x, tf.neg(x)], layer.axis);
    case 'slice': {
      const { begin, less } = layer;
      return spatial(begin, [height - begin[0] - less, width - begin[1]]);
    }
    case 'half': {
      const part = (n: number): number => (layer.up ? Math.ceil(n / 2) : Math.floor(n / 2));
      return spatial([0, 0], layer.axis === 1 ? [part(height), width] : [height, part(width)]);
    }
    case 'everySecond': {
      const step = (on: Axis): number => (layer.axis === on ? 2 : 1);
      return tf.stridedSlice(x, [0, 0, 0, 0], [...x.shape], [1, step(1), step(2), 1]) as Image;
    }
    case 'reverse':
      return tf.reverse(x, layer.axis);
    case 'turn':
      return tf.transpose(x, [0, 2, 1, 3]);
    case 'addPooled':
      return tf.add(x, tf.mean(x, [1, 2], true)) as Image;
    case 'ones':
      return tf.add(x, tf.mul(tf.ones([batch, height, width, 1]), 0.5)) as Image;
    case 'scale': {
      const count = height * width;
      return tf.mul(x, layer.by === 'count' ? 1 / count : layer.by === 'root' ? 1 / Math.sqrt(height) : width / 2);
    }
    case 'positions': {
      const size = layer.axis === 1 ? height : width;
      const positions = tf.cast(tf.range(0, size, 1, 'int32'), 'float32');
      return tf.add(x, tf.reshape(positions, layer.axis === 1 ? [size, 1, 1] : [size, 1])) as Image;
    }
    case 'skip':
      return x.shape.join() === earlier.shape.join() ? (tf.add(x, earlier) as Image) : x;
    case 'relu':
      return tf.relu(x);
  }
}

function rounding({
  pad,
  rounding,
}: {
  pad: Pad;
  rounding: 'floor' | 'ceil' | 'round';
}): 'floor' | 'ceil' | 'round' | undefined {
  return typeof pad === 'number' ? rounding : undefined;
}
