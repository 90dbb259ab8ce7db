import type { KindReference } from '@onnx-forge/infer';
import type { Evaluate } from './measure.js';

/** Several evaluations as one, in this order. */
export function evaluateAll<Kind extends KindReference>(...parts: readonly Evaluate<Kind>[]): Evaluate<Kind> {
  return async (model, data, request) => {
    const measurements = [];
    for (const part of parts) measurements.push(...(await part(model, data, request)));
    return measurements;
  };
}
