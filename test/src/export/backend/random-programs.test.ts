import { registerOnnxBackend, tf } from '@onnx-forge/export';
import { assert } from 'chai';
import fc from 'fast-check';
import { OPERATIONS, type Step } from './random-programs.js';
import { checkProgram } from './random-programs-check.js';

/** `ONNX_FORGE_PROGRAMS=400` for more of them. */
const PROGRAMS = Number(process.env.ONNX_FORGE_PROGRAMS ?? 12);
const SEED = Number(process.env.ONNX_FORGE_SEED ?? 1);

/** In onnxruntime whatever the size; what is estimated to take longer than 10 us; recorded, but run by tfjs's cpu kernels. */
const BACKENDS = {
  all: { smallest: 0, opening: 0 },
  mixed: { smallest: 0.01, opening: 0 },
  host: { smallest: 0, opening: 1e9 },
};

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.nat(9999),
  picks: fc.array(fc.nat(9999), { minLength: 6, maxLength: 6 }),
  after: fc.nat(8),
});

describe('random programs on the onnx backend', () => {
  before(() => {
    for (const [name, options] of Object.entries(BACKENDS)) registerOnnxBackend({ name: `onnx-${name}`, ...options });
  });
  after(async () => {
    await tf.setBackend('cpu');
    for (const name of Object.keys(BACKENDS)) tf.removeBackend(`onnx-${name}`);
  });

  it('give what they give on tfjs cpu, step by step and as a whole, with the same tf.memory()', async () => {
    const names = Object.keys(BACKENDS).map((name) => `onnx-${name}`);
    const seen = { compared: 0, excused: 0 };
    const programs = fc.array(step, { minLength: 10, maxLength: 60, size: 'max' });
    const check = fc.asyncProperty(programs, async (steps) => {
      const { faults, compared, excused } = await checkProgram(names, steps);
      seen.compared += compared;
      seen.excused += excused;
      assert.deepEqual(faults, []);
    });
    await fc.assert(check, { seed: SEED, numRuns: PROGRAMS, endOnFailure: PROGRAMS > 12 });
    assert.isBelow(seen.excused, 0.1 * seen.compared);
  });

  it('are judged: a kernel that rounds otherwise is found', async () => {
    const { kernelFunc } = tf.getKernel('Tanh', 'onnx-all')!;
    const wrong = OPERATIONS.findIndex(({ name }) => name === 'tanh');
    const steps = [{ op: wrong, picks: [0, 0, 0, 0, 0, 0], after: 0 }];
    tf.unregisterKernel('Tanh', 'onnx-all');
    tf.registerKernel({
      kernelName: 'Tanh',
      backendName: 'onnx-all',
      kernelFunc: (params) => tf.getKernel('Sin', 'onnx-all')!.kernelFunc(params),
    });
    try {
      assert.match((await checkProgram(['onnx-all'], steps)).faults.join(), /step 0 \(tanh\) on equal inputs/);
    } finally {
      tf.unregisterKernel('Tanh', 'onnx-all');
      tf.registerKernel({ kernelName: 'Tanh', backendName: 'onnx-all', kernelFunc });
    }
    assert.deepEqual((await checkProgram(['onnx-all'], steps)).faults, []);
  });
});
