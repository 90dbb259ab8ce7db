import type { Driver } from '../driver.js';
import { explainError, loadRuntime } from './runtime.js';

/** The CPU provider: always there, and the reference for the others. */
export const cpu: Driver = {
  device: 'cpu',
  refusal: async () => undefined,
  runtime: loadRuntime,
  options: ({ threads }) => ({
    executionProviders: ['cpu'],
    extra: {
      session: {
        // An idle session's threads would go on spinning on the cores of the one that works: D and G steps in turn took
        // 3.9-7.0 ms with it, 2.8 without.
        force_spinning_stop: '1',
        // Threads that wait for work within a run spin, by default for long. When another program has one of the cores, they hold up each
        // other and the thread that they wait for: on two busy cores steps took 1.3 to 2.4 times as long. These microseconds last until the
        // next operator on idle cores.
        intra_op: { spin_duration_us: '200' },
        // Optimizer moments decay into denormals, which are 10 to 100 times slower. onnxruntime sets the mode of the thread that
        // opens the process's first session, too, for good, and threads that are started later inherit it: JavaScript's own numbers
        // below 2.2e-308 count as 0 there.
        set_denormal_as_zero: '1',
      },
    },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  }),
  explain: explainError,
};
