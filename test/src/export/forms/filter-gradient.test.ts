import { openSession, Random, sizeOf, type Tensor } from '@onnx-forge/infer';
import { assert } from 'chai';
import fc from 'fast-check';
import { input } from '../../../../packages/export/dist/graph/build.js';
import { filterGradientSite } from '../../../../packages/export/dist/idioms/filter-gradient-forms.js';
import { convolutionWindow, type Window } from '../../../../packages/export/dist/idioms/window.js';
import { encodeModel } from '../../../../packages/export/dist/onnx/writer.js';

interface Layer {
  readonly image: readonly number[];
  readonly filter: readonly number[];
  readonly stride: number;
  readonly pad: 'same' | 'valid';
}

const size = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });

/** Convolutions of 2 spatial axes, or of 3, whose kernel fits into the image. */
const layers: fc.Arbitrary<Layer> = fc
  .record({
    spatial: fc.array(fc.tuple(size(9), size(5)), { minLength: 2, maxLength: 3 }),
    batch: size(3),
    channels: fc.tuple(size(20), size(20)),
    stride: size(3),
    pad: fc.constantFrom('same' as const, 'valid' as const),
  })
  .filter(({ spatial }) => spatial.every(([n, kernel]) => kernel <= n))
  .map(({ spatial, batch, channels, stride, pad }) => ({
    image: [batch, ...spatial.map(([n]) => n), channels[0]],
    filter: [...spatial.map(([, kernel]) => kernel), ...channels],
    stride,
    pad,
  }));

function windowOf({ image, filter, stride, pad }: Layer): Window {
  const strides = image.length === 5 ? [stride, stride, stride] : stride;
  return convolutionWindow(image, filter, 'channelsLast', { strides: strides as number, pad });
}

/** All index tuples below the sizes, in row order. */
function indices(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (heads, n) => heads.flatMap((head) => Array.from({ length: n }, (_, i) => [...head, i])),
    [[]],
  );
}

const offset = (sizes: readonly number[], at: readonly number[]): number =>
  at.reduce((k, i, axis) => k * sizes[axis]! + i, 0);

/** The gradient by its definition, in float64. */
function reference({ axes, batch, inChannels, outChannels }: Window, x: Float32Array, dy: Float32Array): Float64Array {
  const [inputs, outputs] = [axes.map((axis) => axis.input), axes.map((axis) => axis.output)];
  const taps = indices(axes.map(({ kernel }) => kernel));
  const dw = new Float64Array(taps.length * inChannels * outChannels);
  for (const [t, tap] of taps.entries()) {
    for (const [n, ...at] of indices([batch, ...outputs]) as [number, ...number[]][]) {
      const read = axes.map(({ stride, before }, i) => at[i]! * stride + tap[i]! - before);
      if (read.some((r, i) => r < 0 || r >= inputs[i]!)) continue;
      const [from, to] = [offset([batch, ...inputs], [n, ...read]), offset([batch, ...outputs], [n, ...at])];
      for (let i = 0; i < inChannels; i++) {
        for (let o = 0; o < outChannels; o++) {
          dw[(t * inChannels + i) * outChannels + o]! += x[from * inChannels + i]! * dy[to * outChannels + o]!;
        }
      }
    }
  }
  return dw;
}

describe('forms of the filter gradient', () => {
  it('all compute the gradient of float64 to 1e-5 of its largest number', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(layers, async (layer) => {
        const window = windowOf(layer);
        if (window.axes.some(({ output }) => output < 1)) return;
        const site = filterGradientSite(window);
        const operands = site.operands.map((shape, i) => ({
          name: `operand_${i}`,
          value: input(`operand_${i}`, 'float32', shape),
        }));
        const values = operands.map(({ value }) => value);
        const outputs = Object.entries(site.forms).map(([name, form]) => ({ name, value: form(...values) }));
        const random = new Random(7);
        const [x, dy] = site.operands.map((shape) => random.fillUniform(new Float32Array(sizeOf(shape)), -1, 1));
        const feeds = { operand_0: tensor(site.operands[0]!, x!), operand_1: tensor(site.operands[1]!, dy!) };
        await using session = await openSession(encodeModel({ name: 'forms', inputs: operands, outputs }), {
          device: 'cpu',
        });
        const results = await session.run(feeds);
        const expected = reference(window, x!, dy!);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        for (const { name, value } of outputs) {
          seen.add(name);
          assert.deepEqual([...value.shape], [...layer.filter], name);
          const actual = results[name]!.data as Float32Array;
          const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i]! - value)), 0);
          assert.isBelow(worst / largest, 1e-5, name);
        }
      }),
      { numRuns: 40, seed: 11 },
    );
    assert.sameMembers([...seen], ['side-by-side', 'taps', 'convolution', 'side-by-side-halves', 'taps-halves']);
  });

  it('takes one product for each tap where strides do not divide the kernel, and where a row of taps would be one product', () => {
    const expected = (kernel: number, stride: number, channels: number, out = 32): string => {
      const filter = [kernel, kernel, channels, out];
      return filterGradientSite(windowOf({ image: [4, 16, 16, channels], filter, stride, pad: 'same' })).expected;
    };
    assert.deepEqual(
      [expected(3, 2, 16), expected(1, 2, 16), expected(3, 2, 3), expected(4, 2, 16)],
      ['taps', 'taps', 'side-by-side', 'side-by-side'],
    );
    assert.deepEqual(
      [expected(3, 1, 4), expected(3, 1, 8), expected(3, 1, 16), expected(3, 1, 32), expected(3, 1, 64, 64)],
      ['side-by-side', 'taps', 'taps', 'taps', 'side-by-side'],
    );
    assert.deepEqual([expected(5, 1, 16), expected(5, 1, 32), expected(7, 1, 16)], ['taps', 'side-by-side', 'taps']);
    // Fewer channels out than in; so few that a second thread would have nothing to do.
    assert.deepEqual(
      [expected(3, 1, 32, 16), expected(3, 1, 8, 16), expected(3, 1, 8, 8)],
      ['side-by-side', 'side-by-side', 'taps'],
    );
  });
});

function tensor(dims: readonly number[], data: Float32Array): Tensor {
  return { type: 'float32', dims, data };
}
