import { load, type Model } from '@onnx-forge/infer';
import type { Runner } from '../benchmark.js';
import { callsOf } from './answers.js';
import type { SpecOf } from './protocol.js';
import { clock } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/** From `load(run)` to the first answer, in a process that has done nothing else yet; and the memory of it then. */
export async function starting({ recipe, run, threads, clock: by }: SpecOf<'start'>): Promise<Runner> {
  return {
    version: onnxruntimeVersion(),
    threads,
    async measure() {
      let model: Model | undefined;
      let loaded = 0;
      const ms = await clock(async () => {
        loaded = await clock(async () => {
          model = (await load(run, { device: 'cpu', threads })) as Model;
        }, by);
        const [answer] = Object.values(callsOf(model!, [1]));
        await answer!();
      }, by);
      await model?.dispose();
      const id = `${recipe}/start`;
      return {
        values: { [`${id}/time`]: ms, [`${id}/memory`]: process.resourceUsage().maxRSS / 1000 },
        notes: { [`${id}/time`]: [`of these ${Math.round(loaded)} ms in load`] },
      };
    },
    close: async () => {},
  };
}
