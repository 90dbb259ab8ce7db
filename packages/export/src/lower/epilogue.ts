/** Epilogue of fused convolutions: a bias, then an activation. */
import { binary, reshape } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { channelsFirst, type Layout } from '../idioms/layout.js';
import { activate, type FusedAttributes } from './activation.js';

/** Bias and activation that a fused kernel applies to its result. */
export interface Epilogue {
  readonly bias?: Value;
  readonly preluActivationWeights?: Value;
}

/** tfjs broadcasts against its own order of axes; the same numbers against [batch, channels, ...space]. */
function alignChannels(value: Value, rank: number, layout: Layout): Value {
  if (value.size === 1) return reshape(value, []);
  if (layout === 'channelsFirst') {
    return value.rank === 1 ? reshape(value, [value.size, ...Array<number>(rank - 2).fill(1)]) : value;
  }
  return channelsFirst(reshape(value, [...Array<number>(rank - value.rank).fill(1), ...value.shape]), layout);
}

/**
 * A fused kernel: `produce` makes the result, of `channels` channels, and takes the bias if that is one number for each
 * channel. `align` reshapes what tfjs broadcasts over its result to broadcast over the one made here.
 */
export function withEpilogue(
  { bias, preluActivationWeights: alpha }: Epilogue,
  attrs: FusedAttributes,
  channels: number,
  align: (value: Value, rank: number) => Value,
  produce: (bias: Value | undefined) => Value,
): Value {
  const perChannel = bias !== undefined && bias.size === channels && bias.shape[bias.rank - 1] === channels;
  const product = produce(perChannel ? reshape(bias, [channels]) : undefined);
  const sum = bias && !perChannel ? binary('Add', product, align(bias, product.rank)) : product;
  return activate(sum, attrs, alpha && align(alpha, product.rank));
}

/** The activation stays in the convolution's layout, where onnxruntime fuses the two. */
export function alignTo(layout: Layout): (value: Value, rank: number) => Value {
  return (value, rank) => alignChannels(value, rank, layout);
}
