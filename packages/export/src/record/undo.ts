import { tf } from '../tfjs.js';
import { Fields } from './fields.js';

/**
 * Runs `f`, which traces the user's code, perhaps again and again. If it fails, it is as if it had never run: variables
 * that it made are gone, layers and optimizers have their fields back.
 */
export function undoneOnFailure<T>(f: () => T): T {
  const { registeredVariables } = tf.engine().state;
  const known = new Set(Object.values(registeredVariables));
  const fields = new Fields();
  try {
    return f();
  } catch (error) {
    for (const variable of Object.values(registeredVariables)) if (!known.has(variable)) variable.dispose();
    fields.restoreAll();
    throw error;
  } finally {
    fields.stop();
  }
}
