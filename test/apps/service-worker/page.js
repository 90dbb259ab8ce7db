const settings = JSON.parse(decodeURIComponent(location.hash.slice(1)));

const registration = await navigator.serviceWorker.register('dist/service-worker.js', { type: 'module' });
const run = new URL('runs/vae', document.baseURI).href;

const worker = registration.active ?? registration.waiting ?? registration.installing;
const { port1, port2 } = new MessageChannel();
port1.onmessage = ({ data }) => {
  globalThis.outcome = data;
};
worker.postMessage({ settings: { ...settings, run }, port: port2 }, [port2]);
