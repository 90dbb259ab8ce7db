/** onnxruntime's message without the C++ location and condition in front of it. */
export function withoutLocation(message: string): string {
  return message.replace(/^\/\S+:\d+ .*? (?:was false\. |\[ONNXRuntimeError\] : \d+ : \w+ : )/s, '').trim();
}
