import * as infer from '@onnx-forge/infer';
import { openServing, type Serving, type ServingSpec } from '../serving/serving.js';

/** The global `bench` of the benchmark's page. */
export interface BenchPage {
  open(spec: ServingSpec): Promise<void>;
  measure(): ReturnType<Serving['measure']>;
}

let serving: Serving | undefined;

const bench: BenchPage = {
  async open(spec) {
    serving = await openServing(infer, spec);
  },
  measure: () => serving!.measure(),
};

Object.assign(globalThis, { bench });
