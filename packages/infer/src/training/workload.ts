import type { BatchArrays } from '../arrays/batch.js';
import type { Workload } from '../device/fastest.js';
import type { ComputeDevice } from '../device/types.js';
import type { StepEntry } from '../manifest/training-entry.js';
import { madeUp } from '../run/workload.js';
import type { StepRunner } from './runner.js';

/**
 * Work that devices are compared by before a training goes on: a call of each step on a made-up batch (whole numbers are 0), with the
 * state where it stays between steps. `begin` gives a runner of its own, whose state and random numbers are used for nothing else.
 */
export function stepWorkload(
  steps: Readonly<Record<string, StepEntry>>,
  begin: (device: ComputeDevice) => Promise<StepRunner>,
): Workload {
  return {
    identity: JSON.stringify(Object.values(steps).map(({ sha256 }) => sha256)),
    prepare: async () => async (device) => {
      const runner = await begin(device);
      return {
        async call() {
          const metrics: Float32Array[] = [];
          for (const [name, { batch }] of Object.entries(steps)) {
            metrics.push(Float32Array.from(Object.values(await runner.run(name, madeUpBatch(batch)))));
          }
          return metrics;
        },
        release: () => runner.release(),
      };
    },
  };
}

function madeUpBatch(batch: StepEntry['batch']): BatchArrays {
  const arrays = Object.entries(batch).map(([name, { dtype, shape }]) => [name, madeUp(dtype, shape).data] as const);
  return Object.fromEntries(arrays);
}
