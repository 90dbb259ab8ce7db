import type { KindReference } from '@onnx-forge/infer';
import type { OptionValues } from '../options/option.js';
import type { Measure } from './measure.js';

/** Several measures as one, in this order. */
export function evaluateAll<Kind extends KindReference, Options = OptionValues>(
  ...parts: readonly Measure<Kind, Options>[]
): Measure<Kind, Options> {
  return async (model, data, request) => {
    const measurements = [];
    for (const part of parts) measurements.push(...(await part(model, data, request)));
    return measurements;
  };
}
