/**
 * Which form a convolution takes: the one place where shape and provider decide. Milliseconds on two Zen 5 cores, batch
 * 128, channels-last in and out:
 *
 * | layer | form | ms |
 * | --- | --- | --- |
 * | 5x5, 1 to 32, 28 to 24 | Conv / blocked | 3.5 / 0.95 |
 * | | its filter gradient: Conv / products | 5.8 / 1.2 |
 * | 5x5, 32 to 64, 12 to 8 | Conv / blocked | 3.6 / 2.2 |
 * | | its input gradient: ConvTranspose / blocked | 4.2 / 3.2 |
 * | | its filter gradient: Conv / products | 6.9 / 3.9 |
 * | transposed 4x4, stride 2, 128 to 64, 7 to 14 | ConvTranspose / blocked, four phases | 10.3 / 4.5 |
 * | | its input gradient: Conv / blocked | 9.4 / 4.8 |
 * | | its filter gradient: products | 6.0 |
 * | 2x2 pooling of 32 channels, 24 to 12, its gradient: indices scattered / phases | 6.5 / 2.0 |
 */

import type { Dialect } from '../graph/dialect.js';
import { canBlock, canBlockTransposed } from './blocked.js';
import { coversImage } from './whole-image.js';
import type { Window } from './window.js';

/** `product`: Gemm on whole images; `blocked`: the CPU provider's own layout; `standard`: Conv or ConvTranspose. */
export type Form = 'product' | 'blocked' | 'standard';

/**
 * `turned`: a Conv of dy with the filter turned round, which is what ConvTranspose is without strides. Conv copies patches
 * of what it reads, ConvTranspose of what it writes.
 */
export type TransposedForm = Form | 'turned';

export function convolutionForm(window: Window, { channelBlock }: Dialect): Form {
  if (coversImage(window)) return 'product';
  return channelBlock && canBlock(window, channelBlock) ? 'blocked' : 'standard';
}

/** For the adjoint in x: input gradients and transposed convolutions. */
export function transposedForm(window: Window, { channelBlock }: Dialect): TransposedForm {
  if (coversImage(window)) return 'product';
  if (!channelBlock) return 'standard';
  if (canBlockTransposed(window, channelBlock)) return 'blocked';
  const unstrided = window.axes.every(({ stride }) => stride === 1);
  return unstrided && window.outChannels <= window.inChannels ? 'turned' : 'standard';
}

/**
 * Whether a max-pooling is written as its gradient is, as a contest between the phases of the image: in a training step
 * onnxruntime then computes the contest once.
 */
export function sharesContest({ axes }: Window, { channelBlock }: Dialect): boolean {
  return channelBlock !== undefined && axes.every(({ kernel, stride, before }) => kernel === stride && before === 0);
}
