export {
  Admission,
  createService,
  type Limits,
  MicroBatcher,
  type MicroBatcherOptions,
  type Refusal,
  type RunningServer,
} from '@onnx-forge/train/serve';
export { type ServerOptions, startServer } from './server.js';
