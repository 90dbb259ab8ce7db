import { load } from '@onnx-forge/infer';
import type { Runner } from '../benchmark.js';
import type { SpecOf } from './protocol.js';
import { clock, timeCalls } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/** `load(run)`: manifest, hashes, every graph opened. The first in a process also loads onnxruntime itself. */
export async function loading({ recipe, run, threads, budgetMs }: SpecOf<'load'>): Promise<Runner> {
  const id = `${recipe}/load`;
  const loadOnce = async (): Promise<void> => {
    await using _model = await load(run, { device: 'cpu', threads });
  };
  const first = await clock(loadOnce);
  return {
    version: onnxruntimeVersion(),
    threads,
    async measure() {
      const { ms, slow: last } = await timeCalls(loadOnce, { budgetMs, warmUpMs: 0 });
      return { values: { [id]: ms }, notes: { [id]: [`the first in a process ${Math.round(first)} ms`] }, last };
    },
    close: async () => {},
  };
}
