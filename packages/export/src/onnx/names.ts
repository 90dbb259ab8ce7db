/** Characters that onnxruntime's C interface or protobuf's UTF-8 can't carry. */
const UNUSABLE = /[\p{Cc}\p{Surrogate}]/u;

/** Why a name can't be given to an input or output of a graph; undefined if it can. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'it is empty, which ONNX takes for absent';
  if (UNUSABLE.test(name)) return 'it has control characters or half a character';
  // onnxruntime's JavaScript packages keep tensors in plain objects.
  if (name === '__proto__') return "JavaScript's objects can't hold it";
  return undefined;
}

/** Hands out every name once: the wanted one, or that with a number behind it. */
export class UniqueNames {
  readonly #used: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#used = new Set(taken);
  }

  of(wanted: string): string {
    const base = wanted.replace(new RegExp(UNUSABLE, 'gu'), '_') || 'unnamed';
    let name = base;
    let n = this.#next.get(base) ?? 1;
    for (; this.#used.has(name); n++) name = `${base}_${n}`;
    this.#next.set(base, n);
    this.#used.add(name);
    return name;
  }
}
