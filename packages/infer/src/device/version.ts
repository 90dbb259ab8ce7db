/** The version of onnxruntime-node and onnxruntime-web that the drivers are written for: the peers in package.json. */
export const RUNTIME_VERSION = '1.30.0';
