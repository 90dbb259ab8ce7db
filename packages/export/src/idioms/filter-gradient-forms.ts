/** The forms of a convolution's filter gradient, and which of them to expect the least time of. */
import { sizeOf } from '@onnx-forge/infer';
import type { Site } from '../graph/form.js';
import { correlate, correlateByConvolution, correlateTaps, inHalves, NARROW, WIDEST } from './filter-gradient.js';
import { type Window, windowSize } from './window.js';

/** Channels from which a product for each tap is worth its own. */
const WORTH_A_PRODUCT = 8;

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
 * A product for each tap, where the other form would copy or multiply for nothing. Of one thread's time with AVX-512, taps over side
 * by side: .53 to .74 with strides that do not divide the kernel, .63 to .97 with a kernel of 3 between 16 and 42 channels; 1.0 to 1.1 with
 * a kernel of 5, 1.2 to 3 where there are fewer channels than 16 or fewer come out than go in.
 */
function expectTaps({ axes, inChannels, outChannels }: Window): boolean {
  // Where a strided window is one over blocks of pixels: 16 taps in place of 9 with a kernel of 3 and strides of 2.
  if (axes.some(({ kernel, stride }) => kernel % stride > 0)) return inChannels >= WORTH_A_PRODUCT;
  const small = axes.every(({ kernel, stride }) => stride === 1 && kernel <= 3);
  return small && inChannels >= NARROW && outChannels >= inChannels && 3 * inChannels <= WIDEST;
}
