import { scenario } from './scenario.js';

self.onmessage = (event) => {
  const { settings, port } = event.data;
  event.waitUntil(scenario(settings).then((outcome) => port.postMessage(outcome)));
};
