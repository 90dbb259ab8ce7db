const ELEMENT_TYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

/**
 * The bytes of the smallest useful ONNX model, y = Identity(x) for any shape: probes a device, and copies what lies
 * on it to main memory. Written by hand, since a reader of models has no other use for a protobuf encoder.
 */
export function identityModel(type: keyof typeof ELEMENT_TYPE): Uint8Array {
  const value = (name: string): number[] => [
    ...field(1, text(name)),
    ...field(2, field(1, varint(1, ELEMENT_TYPE[type]))), // ValueInfo.type = TypeProto.tensor_type = { elem_type }
  ];
  const node = [...field(1, text('x')), ...field(2, text('y')), ...field(4, text('Identity'))];
  const graph = [...field(1, node), ...field(2, text('identity')), ...field(11, value('x')), ...field(12, value('y'))];
  const opset = varint(2, 17);
  return Uint8Array.from([...varint(1, 8), ...field(7, graph), ...field(8, opset)]);
}

// Protobuf's wire format; every length and value here is below 128, one byte.
const varint = (tag: number, value: number): number[] => [tag << 3, value];
const field = (tag: number, bytes: readonly number[]): number[] => [(tag << 3) | 2, bytes.length, ...bytes];
const text = (value: string): number[] => [...value].map((letter) => letter.charCodeAt(0));
