import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ForgeError, load } from '@onnx-forge/infer';
import { createService } from '@onnx-forge/train/serve';
import { MUTATE_JSON } from '../mutate-json.js';
import type { OpenTarget } from '../target.js';

const RUN = fileURLToPath(new URL('../../../../../models/pretrained/vae-2d', import.meta.url));

/** The service's answer to a body: 200, or one line that refuses. */
function route(name: string, path: string, seeds: readonly object[]): OpenTarget {
  return async () => {
    const model = await load(RUN, { device: 'cpu' });
    const { app } = createService(new Map([['model', model]]), { limits: { requests: 1e9, requestsPerClient: 1e9 } });
    return {
      name,
      seeds: seeds.map((seed) => Buffer.from(JSON.stringify(seed))),
      words: ['"count":', '1e999', '-1', '__proto__', '\ufeff'],
      mutations: MUTATE_JSON,
      // The service allows 100 images of 5,000 samples.
      longestRead: 60_000,
      async read(body) {
        const request = new Request(`http://localhost${path}`, {
          method: 'POST',
          body: body as Uint8Array<ArrayBuffer>,
        });
        const outgoing = new EventEmitter();
        const answer = await app.fetch(request, { incoming: { socket: { remoteAddress: '::1' } }, outgoing } as never);
        const text = await answer.text();
        outgoing.emit('close');
        if (answer.status === 200) {
          if (/"error"/.test(text)) throw new TypeError(`breaks off: ${text.slice(-200)}`);
          return;
        }
        const { error } = JSON.parse(text) as { error: { code: string; message: string } };
        if (answer.status >= 500) throw new TypeError(`status ${answer.status}: ${error.message}`);
        throw new ForgeError(error.code, error.message);
      },
      dispose: () => model.dispose(),
    };
  };
}

export const sampleRequest = route('sample-request', '/sample', [{ count: 2, seed: 1 }, {}]);
export const interpolateRequest = route('interpolate-request', '/interpolate', [
  { from: [0, 1], to: [1, 0], steps: 3 },
]);
export const perturbRequest = route('perturb-request', '/perturb', [{ z: [0, 1], epsilon: [-1, 1], dims: [0] }]);
export const likelihoodRequest = route('likelihood-request', '/log-likelihood', [
  { images: [Array.from({ length: 784 }, (_, i) => i % 2)], samples: 2, seed: 3 },
]);
