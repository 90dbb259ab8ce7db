/**
 * Loaded before a program (`node --import`), on every engine alike: random numbers are the same in each run, and at its
 * end the process tells the memory it took at most.
 */
import { writeSync } from 'node:fs';
import { seeded } from '@onnx-forge/example-tfjs-programs/seeded';

// tfjs draws what has no seed from it: initial weights, orders of examples, dropout.
Math.random = seeded(1);

process.on('exit', () => writeSync(3, `${process.resourceUsage().maxRSS}`));
