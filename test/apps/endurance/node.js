import { calls, loads } from './repeat.js';

// Writes the resident memory in bytes after `early` times and after `late` more.
const { kind, device, run, early, late } = JSON.parse(process.argv.at(-1));
const sizes = [];
for (const count of [early, late]) {
  await { calls, loads }[kind](count, device, run);
  globalThis.gc();
  sizes.push(process.memoryUsage().rss);
}
console.log(JSON.stringify(sizes));
