/** Preloaded with `--import`: sessions of onnxruntime-node that name no number of threads get ONNX_FORGE_TEST_THREADS. */
import { InferenceSession } from 'onnxruntime-node';

const { create } = InferenceSession;
const intraOpNumThreads = Number(process.env.ONNX_FORGE_TEST_THREADS);

Object.assign(InferenceSession, {
  create(model: Uint8Array | string, ...rest: unknown[]): Promise<InferenceSession> {
    const given = (rest.at(-1) ?? {}) as InferenceSession.SessionOptions;
    const options = { intraOpNumThreads, ...given };
    return Reflect.apply(create, InferenceSession, [model, ...rest.slice(0, -1), options]) as Promise<InferenceSession>;
  },
});
