import { load, type Model } from '@onnx-forge/infer';
import type { Reading, Runner } from '../benchmark.js';
import { percentile } from '../report/summary.js';
import { type Calls, callsOf } from './answers.js';
import type { SpecOf } from './protocol.js';
import { type Clock, timesOf } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/** The methods of a loaded run as users call them. */
export async function inferring(spec: SpecOf<'inference'>): Promise<Runner> {
  const { recipe, run, batches, threads } = spec;
  const model = (await load(run, { device: 'cpu', threads })) as Model;
  const calls = callsOf(model, batches);
  return {
    version: onnxruntimeVersion(),
    threads,
    measure: () => percentilesOf(recipe, calls, spec),
    close: () => model.dispose(),
  };
}

/** The median and the 99th percentile of each call. */
export async function percentilesOf(
  recipe: string,
  calls: Calls,
  { budgetMs, clock }: { readonly budgetMs: number; readonly clock?: Clock | undefined },
): Promise<Reading> {
  const values: Record<string, number> = {};
  const notes: Record<string, string[]> = {};
  for (const [name, call] of Object.entries(calls)) {
    const times = await timesOf(call, { budgetMs, warmUpMs: 200, least: 20, clock });
    const id = `${recipe}/inference/${name}`;
    values[`${id}/p50`] = percentile(times, 0.5);
    values[`${id}/p99`] = percentile(times, 0.99);
    if (times.length < 100) notes[`${id}/p99`] = [`of ${times.length} calls a round`];
  }
  return { values, notes };
}
