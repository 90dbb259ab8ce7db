import { createHash } from 'node:crypto';

/** Bytes of a sha256. */
const LENGTH = 32;

/** The sha256 of many contents by number: 32 bytes each, where strings would take four times as much. */
export class ContentHashes {
  readonly #bytes: Uint8Array;

  constructor(readonly length: number) {
    this.#bytes = new Uint8Array(length * LENGTH);
  }

  /** Of `length` contents, hashed in turn. */
  static of(length: number, contentOf: (index: number) => Uint8Array | string): ContentHashes {
    const hashes = new ContentHashes(length);
    for (let index = 0; index < length; index++) {
      hashes.set(index, createHash('sha256').update(contentOf(index)).digest());
    }
    return hashes;
  }

  set(index: number, digest: Uint8Array): void {
    this.#bytes.set(digest, index * LENGTH);
  }

  at(index: number): Uint8Array {
    return this.#bytes.subarray(index * LENGTH, (index + 1) * LENGTH);
  }

  hex(index: number): string {
    return Buffer.from(this.at(index)).toString('hex');
  }

  /** Negative where `a`'s comes first: in the order of bytes, which is that of hexadecimal text, too. */
  compare(a: number, b: number): number {
    for (let i = 0; i < LENGTH; i++) {
      const difference = this.#bytes[a * LENGTH + i]! - this.#bytes[b * LENGTH + i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** The hash as a number in [0, 1), to 52 bits. */
  fraction(index: number): number {
    let [sum, unit] = [0, 1];
    const bytes = this.at(index);
    for (let i = 0; i < 6; i++) {
      unit /= 256;
      sum += bytes[i]! * unit;
    }
    return sum + (bytes[6]! >> 4) * (unit / 16);
  }

  /** Numbers by their hashes; of equal ones the first comes first. */
  order(): Uint32Array {
    return Uint32Array.from({ length: this.length }, (_, index) => index).sort((a, b) => this.compare(a, b) || a - b);
  }

  /** How many are different. */
  countDifferent(): number {
    const order = this.order();
    return order.reduce((sum, index, i) => sum + (i > 0 && this.compare(order[i - 1]!, index) === 0 ? 0 : 1), 0);
  }
}
