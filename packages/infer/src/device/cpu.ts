import type { Driver } from './driver.js';
import { explainError, loadRuntime } from './node-runtime.js';

/** The CPU provider: always there, and the reference for the others. */
export const cpu: Driver = {
  device: 'cpu',
  refusal: async () => undefined,
  runtime: loadRuntime,
  options: ({ threads }) => ({
    executionProviders: ['cpu'],
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  }),
  explain: explainError,
};
