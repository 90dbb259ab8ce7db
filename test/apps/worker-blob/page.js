const { run: given, devices, absolute = true } = JSON.parse(decodeURIComponent(location.hash.slice(1)));

const script = await (await fetch('dist/worker.js')).blob();
const worker = new Worker(URL.createObjectURL(script));
const run = absolute ? new URL(given, document.baseURI).href : given; // a blob's address leads nowhere
const wasmPaths = new URL('dist/', document.baseURI).href;

worker.onmessage = ({ data }) => {
  globalThis.outcome = data;
};
worker.onerror = ({ message }) => {
  globalThis.outcome = { results: [], error: { message } };
};
worker.postMessage({ run, devices, options: { wasmPaths } });
