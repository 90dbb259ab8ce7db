import { op, reshape } from '../../graph/build.js';
import type { GraphNode, Value } from '../../graph/value.js';
import { NCHWC } from '../../idioms/blocked.js';

/** Images [batch, height, width, channels] and their twins in onnxruntime's layout for the CPU, of whole blocks of channels. */
export class BlockedImages {
  readonly #block: number;

  constructor(block: number) {
    this.#block = block;
  }

  isImage({ rank, shape, dtype }: Value): boolean {
    return rank === 4 && dtype === 'float32' && shape[3]! % this.#block === 0 && shape[3]! > 0;
  }

  /** Of one block of channels, the layouts are the same. */
  isOneBlock({ shape }: Value): boolean {
    return shape[3] === this.#block;
  }

  /** Whether the twin is there already. */
  hasTwin(image: Value): boolean {
    return this.isOneBlock(image) || ordered(image) !== undefined;
  }

  twin(image: Value): Value {
    const [batch, height, width, channels] = image.shape as [number, number, number, number];
    const shape = [batch, channels, height, width];
    if (this.isOneBlock(image)) return reshape(image, shape);
    return ordered(image) ?? op('ReorderInput', [image], 'float32', shape, { channels_last: 1 }, NCHWC);
  }

  image(twin: Value): Value {
    const [batch, channels, height, width] = twin.shape as [number, number, number, number];
    const shape = [batch, height, width, channels];
    if (channels === this.#block) return reshape(twin, shape);
    return op('ReorderOutput', [twin], 'float32', shape, { channels, channels_last: 1 }, NCHWC);
  }

  /** A reordering that changes nothing, or takes back another. */
  unordered(node: GraphNode): Value | undefined {
    if (node.domain !== NCHWC || node.attributes.channels_last !== 1) return undefined;
    const [x] = node.inputs as [Value];
    const [output] = node.outputs as [Value];
    if (node.op === 'ReorderInput' && this.isImage(x)) {
      const twin = this.isOneBlock(x) ? this.twin(x) : ordered(x);
      return twin?.shape.join() === output.shape.join() ? twin : undefined;
    }
    const whole = node.op === 'ReorderOutput' && this.isImage(output) && x.size === output.size;
    return whole && this.isOneBlock(output) ? reshape(x, output.shape) : undefined;
  }
}

function ordered(image: Value): Value | undefined {
  if (image.source.kind !== 'node') return undefined;
  const { op: type, domain, inputs } = image.source.node;
  const twin = domain === NCHWC && type === 'ReorderOutput' ? inputs[0]! : undefined;
  return twin?.size === image.size ? twin : undefined;
}
