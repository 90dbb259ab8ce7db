import { z } from 'zod';
import { COUNT, SIZE, type ValueRule } from '../value-rule.js';

export { z };

/**
 * Makes schemas that check without compiled code. zod tries `new Function` when it makes a schema of an object, and a page with
 * a strict content policy reports the mere attempt. The app's own schemas keep their setting.
 */
export function withoutEval<T>(make: () => T): T {
  const { jitless } = z.config();
  z.config({ jitless: true });
  try {
    return make();
  } finally {
    z.config({ jitless });
  }
}

/** A whole number of at least 1. */
export const size: z.ZodType<number> = schemaOf(COUNT);

/** A whole number of at least 0. */
export const count: z.ZodType<number> = schemaOf(SIZE);

function schemaOf<T>(rule: ValueRule<T>): z.ZodType<T> {
  return z.custom<T>(rule.accepts, { error: `must be ${rule.expects}`, params: { expects: rule.expects } });
}
