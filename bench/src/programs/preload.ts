/**
 * Loaded before a program (`node --import`), on every engine alike: random numbers are the same in each run, the import
 * line leads to the engine that `PROGRAM_ENGINE` names, and at its end the process tells the memory it took at most.
 */
import { writeSync } from 'node:fs';
import { register } from 'node:module';
import { seeded } from '@onnx-forge/example-tfjs-programs/seeded';

const engine = process.env.PROGRAM_ENGINE ?? 'onnx';

// tfjs draws what has no seed from it: initial weights, orders of examples, dropout.
Math.random = seeded(1);

register('./resolve.js', import.meta.url, {
  data: engine === 'onnx' ? undefined : new URL(`./engines/${engine}.js`, import.meta.url).href,
});

process.on('exit', () => writeSync(3, `${process.resourceUsage().maxRSS}`));
