// The names of tfjs-node. Those that are written out stand before tfjs's own of the same name.
export * from '#tfjs';
export type { NodeFileSystem } from './file-system.js';
export { io } from './io.js';
export { node } from './node.js';
export type { TensorBoardCallback, TensorBoardCallbackArgs } from './tensorboard/callback.js';
export type { SummaryFileWriter } from './tensorboard/summary-writer.js';
export { SavedModelUnsupportedError } from './tensorflow-saved-model.js';
export { version } from './version.js';
