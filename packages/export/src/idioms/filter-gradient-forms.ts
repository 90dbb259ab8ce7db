/** The forms of a convolution's filter gradient, and which of them to expect the least time of. */
import { sizeOf } from '@onnx-forge/infer';
import type { Site } from '../graph/form.js';
import { correlate, correlateByConvolution, correlateTaps, inHalves } from './filter-gradient.js';
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
    expected: wastesTaps(window) && inChannels >= WORTH_A_PRODUCT ? 'taps' : 'side-by-side',
    work: batch * sizeOf(outputs) * windowSize(window) * inChannels * outChannels,
  };
}

/**
 * Whether side by side, where a strided window is one over blocks of pixels, there would be taps that the kernel does not have:
 * 16 in place of 9 with a kernel of 3 and strides of 2.
 */
function wastesTaps({ axes }: Window): boolean {
  return axes.some(({ kernel, stride }) => kernel % stride > 0);
}
