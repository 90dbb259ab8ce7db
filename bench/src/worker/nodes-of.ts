import onnxProto from 'onnx-proto';

/** Nodes of an ONNX file's graph, those of bodies of loops not counted. */
export function nodesOf(bytes: Uint8Array): number {
  return onnxProto.onnx.ModelProto.decode(bytes).graph?.node?.length ?? 0;
}
