import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Size and kind of an image to encode. */
export interface FrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  /** 1: grey; other numbers: colour. */
  readonly componentCount: number;
  readonly isSigned: boolean;
}

/** libjpeg-turbo in WebAssembly. Its objects live in its own memory: `delete()` frees them. */
export interface Libjpeg {
  readonly JPEGDecoder: new () => {
    /** Room for the file, to be filled. */
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    /** [height, width, components], until `delete()`. */
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  };
  readonly JPEGEncoder: new () => {
    setQuality(quality: number): void;
    setProgressive(progressive: boolean): void;
    /** 0: 4:4:4, 2: 4:2:0, 3: grey. */
    setSubSampling(subsampling: 0 | 2 | 3): void;
    /** Room for the pixels, to be filled. */
    getDecodedBuffer(info: FrameInfo): Uint8Array;
    encode(): void;
    getEncodedBuffer(): Uint8Array;
    delete(): void;
  };
}

interface Instance {
  readonly exports: object;
}

interface Settings {
  instantiateWasm(imports: object, done: (instance: Instance) => void): object;
}

/** Node has it; TypeScript declares it with the DOM library only. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (program: object, imports: object) => Instance;
  };
};

const PACKAGE = '@cornerstonejs/codec-libjpeg-turbo-8bit';

/** Compiles the codec, in some 10 ms. Synchronously, as tfjs-node decodes synchronously. */
function openLibjpeg(): Libjpeg {
  const require = createRequire(import.meta.url);
  const start = require(`${PACKAGE}/wasmjs`) as (settings: Settings) => unknown;
  const program = new WebAssembly.Module(readFileSync(require.resolve(`${PACKAGE}/wasm`)));
  const codec: Settings = {
    instantiateWasm(imports: object, done: (instance: Instance) => void) {
      const instance = new WebAssembly.Instance(program, imports);
      done(instance);
      return instance.exports;
    },
  };
  // Adds the classes to its argument before it returns; the promise that it returns is for programs loaded asynchronously.
  start(codec);
  return codec as unknown as Libjpeg;
}

/** The codec of this process, opened by the first image. */
export const sharedLibjpeg: () => Libjpeg = (() => {
  let codec: Libjpeg | undefined;
  return () => (codec ??= openLibjpeg());
})();
