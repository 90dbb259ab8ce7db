const { devices } = JSON.parse(decodeURIComponent(location.hash.slice(1)));

const worker = new Worker('dist/worker.js');
const run = new URL('runs/vae', document.baseURI).href;
const wasmPaths = new URL('dist/', document.baseURI).href; // a classic script does not know where it lies

worker.onmessage = ({ data }) => {
  globalThis.outcome = data;
};
worker.onerror = ({ message }) => {
  globalThis.outcome = { results: [], error: { message } };
};
worker.postMessage({ run, devices, options: { wasmPaths } });
