import * as infer from '@onnx-forge/infer';
import type { Runner } from '../benchmark.js';
import { openServing } from '../serving/serving.js';
import type { SpecOf } from './protocol.js';
import { onnxruntimeVersion } from './versions.js';

/** In Node what the pages do: see `serving/serving.ts`. */
export async function serving({ run, tasks, threads, budgetMs }: SpecOf<'serve'>): Promise<Runner> {
  const opened = await openServing(infer, { location: run, tasks, device: 'cpu', threads, budgetMs });
  return { version: onnxruntimeVersion(), threads, measure: () => opened.measure(), close: () => opened.close() };
}
