// node-arrays.js
import { createRequire } from 'node:module';

// Jest gives tests typed arrays of their own, which onnxruntime-node does not know.
const require = createRequire(import.meta.url);
const { TestEnvironment } = require(`jest-environment-${process.env.JEST_HOST ?? 'node'}`); // or jsdom
const globals = {
  Float32Array,
  Float64Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  TextDecoder,
  TextEncoder,
  setImmediate,
};

export default class extends TestEnvironment {
  constructor(...words) {
    super(...words);
    Object.assign(this.global, globals);
  }
}
