/** Where pops find words when the message has none left, from the last one on: other data, or random words. */
export interface WordSource {
  /** A whole number in [0, 2^16). */
  next(): number;
}

/** The state of an {@link AnsCoder}: what is sent. */
export interface AnsMessage {
  /** From 2^32 up to (not including) 2^48. */
  readonly head: number;
  /** Words of 16 bits, the last one pushed at the end. */
  readonly words: Uint16Array;
}

const LOW = 2 ** 32;
const WORD = 2 ** 16;

/**
 * Asymmetric numeral systems (Duda 2009), the range variant: a stack of symbols in as many bits as their probabilities
 * say, -log2 p each. A symbol is an interval [start, start + frequency) of [0, 2^precision), precision at most 32. What was
 * pushed last is popped first; popping a symbol that nobody pushed draws it with its probability and uses up bits.
 *
 * The head has 48 bits, so that all of its arithmetic is exact in doubles.
 */
export class AnsCoder {
  #head: number;
  readonly #words: number[];
  readonly #source: WordSource;
  #borrowed = 0;

  /** @param source used once the message is empty */
  constructor(source: WordSource, message: AnsMessage = { head: LOW, words: new Uint16Array() }) {
    this.#head = message.head;
    this.#words = Array.from(message.words);
    this.#source = source;
  }

  /** Adds a symbol of probability frequency / 2^precision. */
  push(start: number, frequency: number, precision: number): void {
    const limit = frequency * 2 ** (48 - precision);
    while (this.#head >= limit) {
      this.#words.push(this.#head % WORD);
      this.#head = Math.floor(this.#head / WORD);
    }
    const rest = this.#head % frequency;
    this.#head = ((this.#head - rest) / frequency) * 2 ** precision + start + rest;
  }

  /** The number in [0, 2^precision) that tells which symbol is on top; {@link drop} takes that symbol off. */
  peek(precision: number): number {
    return this.#head % 2 ** precision;
  }

  drop(start: number, frequency: number, precision: number): void {
    const slot = this.#head % 2 ** precision;
    this.#head = frequency * ((this.#head - slot) / 2 ** precision) + slot - start;
    while (this.#head < LOW) this.#head = this.#head * WORD + this.#pop();
  }

  #pop(): number {
    const word = this.#words.pop();
    if (word !== undefined) return word;
    this.#borrowed++;
    return this.#source.next();
  }

  /** Words that came from the source. */
  get borrowed(): number {
    return this.#borrowed;
  }

  /** Bits of the message as it is now. */
  get bits(): number {
    return 16 * this.#words.length + 48;
  }

  message(): AnsMessage {
    return { head: this.#head, words: Uint16Array.from(this.#words) };
  }
}
