import { sizeOf } from '@onnx-forge/infer';
import type { tf } from '../tfjs.js';

/** Measured on tfjs 4.22's cpu kernels, in ns: a multiplication with addition, or an element. */
const MATMUL = 4;
const CONVOLUTION = 4;
const CONVOLUTION_GRADIENT = 150;
const DEPTHWISE = 16;
const ELEMENT = 40;

type Shapes = Readonly<Record<string, { readonly shape: readonly number[] } | undefined>>;
/** In ns. */
export type Estimate = (inputs: Shapes, attrs: tf.NamedAttrMap) => number;

const NOTHING: readonly number[] = [0];

const size = (inputs: Shapes, name: string): number => sizeOf(inputs[name]?.shape ?? NOTHING);

/** Multiplications of a convolution over an image of `positions` output positions. */
function convolution(cost: number, image: string, filter: string): Estimate {
  return (inputs, { strides = 1 }) => {
    const steps = [strides as number | number[]].flat();
    const apart = steps.length === 1 ? steps[0]! ** 2 : steps.reduce((a, b) => a * b, 1);
    const channels = inputs[image]!.shape.at(-1)!;
    return (cost * (size(inputs, image) / channels) * size(inputs, filter)) / apart;
  };
}

/** The same from the gradient of the output, which has one position for every filter application. */
function gradient(cost: number, filterSize: (inputs: Shapes, attrs: tf.NamedAttrMap) => number): Estimate {
  return (inputs, attrs) => (cost * size(inputs, 'dy') * filterSize(inputs, attrs)) / inputs.dy!.shape.at(-1)!;
}

const ofFilter = (inputs: Shapes): number => size(inputs, 'filter');
const ofShape = (_: Shapes, { filterShape }: tf.NamedAttrMap): number => sizeOf(filterShape as number[]);

function matMul(inputs: Shapes, { transposeB }: tf.NamedAttrMap): number {
  return MATMUL * size(inputs, 'a') * (inputs.b!.shape.at(transposeB ? -2 : -1) ?? 1);
}

/** Picking a few elements of a large tensor costs what is picked: such kernels alone never make work for onnxruntime. */
const nothing: Estimate = () => 0;

const ESTIMATES: Readonly<Record<string, Estimate>> = {
  BatchMatMul: matMul,
  _FusedMatMul: matMul,
  Conv2D: convolution(CONVOLUTION, 'x', 'filter'),
  FusedConv2D: convolution(CONVOLUTION, 'x', 'filter'),
  Conv3D: convolution(CONVOLUTION, 'x', 'filter'),
  Conv2DBackpropInput: gradient(CONVOLUTION_GRADIENT, ofFilter),
  Conv3DBackpropInputV2: gradient(CONVOLUTION_GRADIENT, ofFilter),
  Conv2DBackpropFilter: gradient(CONVOLUTION_GRADIENT, ofShape),
  Conv3DBackpropFilterV2: gradient(CONVOLUTION_GRADIENT, ofShape),
  DepthwiseConv2dNative: convolution(DEPTHWISE, 'x', 'filter'),
  FusedDepthwiseConv2D: convolution(DEPTHWISE, 'x', 'filter'),
  DepthwiseConv2dNativeBackpropInput: gradient(CONVOLUTION_GRADIENT, ofFilter),
  DepthwiseConv2dNativeBackpropFilter: gradient(CONVOLUTION_GRADIENT, ofShape),
  Slice: nothing,
  StridedSlice: nothing,
  GatherV2: nothing,
  GatherNd: nothing,
  Fill: nothing,
  Range: nothing,
  LinSpace: nothing,
};

/** An element of the largest input. */
function elementwise(inputs: Shapes): number {
  let most = 0;
  for (const name in inputs) {
    const shape = inputs[name]?.shape;
    if (!shape) continue;
    let elements = 1;
    for (let i = 0; i < shape.length; i++) elements *= shape[i]!;
    if (elements > most) most = elements;
  }
  return ELEMENT * most;
}

/** About how long tfjs's cpu kernel takes. From shapes alone, so that equal programs are always treated alike. */
export function hostCost(kernel: string): Estimate {
  return ESTIMATES[kernel] ?? elementwise;
}
