const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!.get!;

/**
 * The class of a typed array: `Float32Array`, `Int32Array` ...; undefined for anything else. Arrays of another realm (an
 * iframe, Node's vm, Jest) are recognised too, which `instanceof` does not.
 */
export function typedArrayKind(value: unknown): string | undefined {
  return tagOf.call(value) as string | undefined;
}

export function isFloat32Array(value: unknown): value is Float32Array {
  return typedArrayKind(value) === 'Float32Array';
}

/** Whether an array lies in memory that other threads can write to. */
export function isShared({ buffer }: ArrayBufferView): boolean {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]';
}

/** A value that should be a number, for messages: as it is, or `a string`. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : kindOf(value);
}

/** For messages: `a Float64Array`, `an ArrayBuffer`, `a string`, `null`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const kind = Array.isArray(value) ? 'array' : typeof value === 'object' ? classOf(value) : typeof value;
  return `${/^[aeio]/i.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** `object`, or the class of an object of the language or the platform. */
function classOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return tag === 'Object' ? 'object' : tag;
}
