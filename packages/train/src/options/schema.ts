import type { ValueRule } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';

/** A rule as a schema; what the rule expects is the message. */
export function schemaOf<T>(rule: ValueRule<T>): z.ZodType<T> {
  return z.custom<T>(rule.accepts, { error: rule.expects, params: { expects: rule.expects } });
}
