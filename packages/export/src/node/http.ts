import { tf } from '../tfjs.js';

/**
 * A handler that loads a model by URL, as in browsers.
 *
 * @param path URL of a `model.json`
 * @param requestInit options of `fetch`, headers say
 * @param weightPathPrefix where the weights lie; default: beside `model.json`
 */
export function nodeHTTPRequest(path: string, requestInit?: RequestInit, weightPathPrefix?: string): tf.io.IOHandler {
  return tf.io.http(path, {
    ...(requestInit && { requestInit }),
    ...(weightPathPrefix !== undefined && { weightPathPrefix }),
  });
}
