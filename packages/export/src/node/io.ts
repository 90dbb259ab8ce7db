import { tf } from '../tfjs.js';
import { fileSystem } from './file-system.js';
import { nodeHTTPRequest } from './http.js';

interface NodeIo {
  readonly fileSystem: typeof fileSystem;
  readonly nodeHTTPRequest: typeof nodeHTTPRequest;
}

/** tfjs's `tf.io`, with what tfjs-node adds to it. */
export const io: typeof tf.io & NodeIo = { ...tf.io, fileSystem, nodeHTTPRequest };

/** The types of `tf.io`. */
export declare namespace io {
  export type CompositeArrayBuffer = tf.io.CompositeArrayBuffer;
  export type IOHandler = tf.io.IOHandler;
  export type IOHandlerSync = tf.io.IOHandlerSync;
  export type LoadHandler = tf.io.LoadHandler;
  export type LoadOptions = tf.io.LoadOptions;
  export type ModelArtifacts = tf.io.ModelArtifacts;
  export type ModelArtifactsInfo = tf.io.ModelArtifactsInfo;
  export type ModelJSON = tf.io.ModelJSON;
  export type ModelStoreManager = tf.io.ModelStoreManager;
  export type OnProgressCallback = tf.io.OnProgressCallback;
  export type RequestDetails = tf.io.RequestDetails;
  export type SaveConfig = tf.io.SaveConfig;
  export type SaveHandler = tf.io.SaveHandler;
  export type SaveResult = tf.io.SaveResult;
  export type TrainingConfig = tf.io.TrainingConfig;
  export type WeightData = tf.io.WeightData;
  export type WeightGroup = tf.io.WeightGroup;
  export type WeightsManifestConfig = tf.io.WeightsManifestConfig;
  export type WeightsManifestEntry = tf.io.WeightsManifestEntry;
}
