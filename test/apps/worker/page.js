const { devices, options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
const run = new URL('runs/vae', document.baseURI).href; // a worker would take a relative one from its script

worker.onmessage = ({ data }) => {
  globalThis.outcome = data;
};
worker.onerror = ({ message }) => {
  globalThis.outcome = { results: [], error: { message } };
};
worker.postMessage({ run, devices, options });
