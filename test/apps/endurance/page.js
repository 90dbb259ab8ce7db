import { calls, loads } from './repeat.js';

// Before onnxruntime makes its own.
const memories = [];
const { Memory } = WebAssembly;
WebAssembly.Memory = class extends Memory {
  constructor(description) {
    super(description);
    memories.push(this);
  }
};

globalThis.repeat = { loads, calls };
globalThis.wasmBytes = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
