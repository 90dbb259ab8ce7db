import { attributeOf, encode, portOf, tensorOf, weight } from '../../export/import/onnx-file.js';

const node = (
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attribute: ReturnType<typeof attributeOf>[] = [],
) => ({ opType, name, input, output, attribute });

/** Sizes of a small classifier of images. */
export interface FileChoice {
  readonly channels?: number;
  readonly classes?: number;
  readonly softmax?: boolean;
  readonly size?: number | string;
  readonly batch?: number | string;
}

/** Images [batch, channels, size, size] by a convolution, a batch normalisation of inference and two linear layers, as PyTorch names them. */
export function classifierFile({
  channels = 1,
  classes = 3,
  softmax = false,
  size = 8,
  batch = 'batch',
}: FileChoice = {}): Uint8Array {
  return encode({
    nodes: [
      node('Conv', 'conv', ['image', 'conv.weight', 'conv.bias'], ['c'], [attributeOf('pads', [1, 1, 1, 1])]),
      node(
        'BatchNormalization',
        'norm',
        ['c', 'norm.weight', 'norm.bias', 'norm.running_mean', 'norm.running_var'],
        ['n'],
      ),
      node('Relu', 'relu', ['n'], ['r']),
      node('GlobalMaxPool', 'pool', ['r'], ['p']),
      node('Flatten', 'flat', ['p'], ['f']),
      node('Gemm', 'body', ['f', 'body.weight', 'body.bias'], ['h'], [attributeOf('transB', 1)]),
      node('Tanh', 'tanh', ['h'], ['a']),
      node('Gemm', 'head', ['a', 'head.weight', 'head.bias'], [softmax ? 'l' : 'scores'], [attributeOf('transB', 1)]),
      ...(softmax ? [node('Softmax', 'soft', ['l'], ['scores'], [attributeOf('axis', 1)])] : []),
    ],
    initializers: [
      tensorOf('conv.weight', weight([6, channels, 3, 3])),
      tensorOf('conv.bias', weight([6])),
      tensorOf('norm.weight', weight([6], 0.5, 1.5)),
      tensorOf('norm.bias', weight([6])),
      tensorOf('norm.running_mean', weight([6])),
      tensorOf('norm.running_var', weight([6], 0.5, 2)),
      tensorOf('body.weight', weight([5, 6])),
      tensorOf('body.bias', weight([5])),
      tensorOf('head.weight', weight([classes, 5])),
      tensorOf('head.bias', weight([classes])),
    ],
    inputs: [portOf('image', 'float32', [batch, channels, size, size])],
    outputs: [portOf('scores', 'float32', [batch, classes])],
  });
}

/** Images of as many numbers: a convolution whose output is as large as its input. */
export function denoiserFile(channels = 1): Uint8Array {
  return encode({
    nodes: [
      node('Conv', 'conv', ['image', 'conv.weight', 'conv.bias'], ['clean'], [attributeOf('pads', [1, 1, 1, 1])]),
    ],
    initializers: [
      tensorOf('conv.weight', weight([channels, channels, 3, 3])),
      tensorOf('conv.bias', weight([channels])),
    ],
    inputs: [portOf('image', 'float32', ['batch', channels, 8, 8])],
    outputs: [portOf('clean', 'float32', ['batch', channels, 8, 8])],
  });
}
