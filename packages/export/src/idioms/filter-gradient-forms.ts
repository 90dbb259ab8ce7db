/** The forms of a convolution's filter gradient, and which of them to expect the least time of. */
import { sizeOf } from '@onnx-forge/infer';
import type { Site } from '../graph/form.js';
import { correlate, correlateByConvolution, correlateTaps, inHalves, WIDEST } from './filter-gradient.js';
import { type Window, windowSize } from './window.js';

/** Channels from which a product for each tap is worth its own. */
const WORTH_A_PRODUCT = 8;
/** onnxruntime shares a product wider than high out in so many columns: with no more of them it stays on one thread. */
const SHARED_COLUMNS = 16;

/** Operands: x and dy, channels last. The window has no dilations. */
export function filterGradientSite(window: Window): Site {
  const { batch, axes, inChannels, outChannels } = window;
  const outputs = axes.map(({ output }) => output);
  const x = [batch, ...axes.map(({ input }) => input), inChannels];
  const kernel = [...axes.map((axis) => axis.kernel), inChannels, outChannels];
  const strides = axes.map(({ stride }) => stride);
  const before = axes.map((axis) => axis.before);
  const even = (batch * sizeOf(outputs)) % 2 === 0;
  return {
    name: `filter-gradient x=${x} dw=${kernel} output=${outputs} strides=${strides} before=${before}`,
    operands: [x, [batch, ...outputs, outChannels]],
    forms: {
      'side-by-side': (x, dy) => correlate(x!, dy!, window),
      taps: (x, dy) => correlateTaps(x!, dy!, window),
      convolution: (x, dy) => correlateByConvolution(x!, dy!, window),
      ...(even && {
        'side-by-side-halves': (x, dy) => correlate(x!, dy!, window, inHalves),
        'taps-halves': (x, dy) => correlateTaps(x!, dy!, window, inHalves),
      }),
    },
    expected: expectTaps(window) ? 'taps' : 'side-by-side',
    work: batch * sizeOf(outputs) * windowSize(window) * inChannels * outChannels,
  };
}

/**
 * A product for each tap, where the other form would copy or multiply for nothing. Of one thread's time, taps over side by side, with
 * AVX2 and with AVX-512 alike: .54 to .69 with strides that do not divide the kernel; without strides .47 to .93 where the taps of a row side
 * by side would still be one product, whatever the kernel (3 to 7); .9 to 1.0 where they would not; 1.1 to 2.3 where fewer channels come out than
 * go in, or 1 to 3 go in.
 */
function expectTaps({ axes, inChannels, outChannels }: Window): boolean {
  if (inChannels < WORTH_A_PRODUCT) return false;
  // Where a strided window is one over blocks of pixels: 16 taps in place of 9 with a kernel of 3 and strides of 2.
  if (axes.some(({ kernel, stride }) => kernel % stride > 0)) return true;
  const narrow = axes.every(({ kernel, stride }) => stride === 1 && kernel * inChannels <= WIDEST);
  return narrow && (outChannels === inChannels || (outChannels > inChannels && outChannels > SHARED_COLUMNS));
}
