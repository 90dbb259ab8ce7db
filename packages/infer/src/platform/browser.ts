import { choices } from '../device/web/choices.js';
import { absoluteUrl, page } from '../device/web/page.js';
import { wasm } from '../device/web/wasm.js';
import { webgpu } from '../device/web/webgpu.js';
import { ForgeError, type InferErrorCode } from '../errors.js';
import { UrlSource } from '../source/url-source.js';
import type { Platform } from './platform.js';

export const platform: Platform = {
  drivers: [webgpu, wasm],

  // Small models are often faster on wasm: a call on WebGPU waits some milliseconds for its numbers to come back.
  measuring: { now: () => performance.now(), choices },

  elsewhere: {
    cpu: "it is Node's; a browser's CPU is 'wasm'",
    cuda: "a browser can't reach CUDA; its way to the graphics card is 'webgpu'",
  },

  openFolder: async (path, options) => new UrlSource(new URL(absoluteUrl(path)), options),

  async withTemporaryFile() {
    throw new ForgeError<InferErrorCode>(
      'node-only',
      'onnxruntime writes profiles to files, which a browser has not: run this in Node',
    );
  },

  /** `fetch` says the same of a server that is down and of one that does not let this page read its answers. */
  async explainFetch(url) {
    if (url.protocol === 'file:') {
      const reason = 'pages may not read files (file:): serve the folder over http, or load it as a RunSource';
      return { code: 'run-unreachable', reason };
    }
    const { origin } = new URL(page.location?.href ?? url);
    if (url.origin === origin) return undefined;
    const answers = await fetch(url, { mode: 'no-cors', method: 'HEAD' }).then(
      () => true,
      () => false,
    );
    if (!answers) return undefined;
    return {
      code: 'run-cross-origin',
      reason: `its server does not let pages of ${origin} read it (CORS: it must send Access-Control-Allow-Origin)`,
    };
  },
};
