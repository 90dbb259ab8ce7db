import onnxProto from 'onnx-proto';

/** Where a model's file holds the numbers of its initializers: by name, the byte at which they begin. */
export function initializerOffsets(file: Uint8Array): Record<string, number> {
  const { graph } = onnxProto.onnx.ModelProto.decode(file);
  const offsets = (graph?.initializer ?? []).flatMap(({ name, rawData }) => {
    // The decoder hands out views into the file.
    return name && rawData?.buffer === file.buffer ? [[name, rawData.byteOffset - file.byteOffset] as const] : [];
  });
  return Object.fromEntries(offsets);
}
