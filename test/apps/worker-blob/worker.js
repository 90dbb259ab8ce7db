import { scenario } from './scenario.js';

self.onmessage = async ({ data }) => self.postMessage(await scenario(data));
