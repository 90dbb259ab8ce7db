import type { AnsCoder } from './ans.js';
import { normalCdf, normalQuantile } from './normal.js';

/** Bits that the probabilities of a latent's bins are rounded to. */
const PRECISION = 28;

/**
 * One latent dimension in 2^bits bins of equal probability under N(0, 1): a bin is `bits` uniform bits for the prior, and
 * narrow where the prior has its mass (Townsend, Bird, Barber 2019, section 2.5.1).
 */
export class LatentBins {
  readonly #bits: number;
  readonly #edges: Float64Array;
  readonly #centres: Float64Array;

  /** @param bits from 1 to 16 */
  constructor(bits: number) {
    const bins = 2 ** bits;
    this.#bits = bits;
    this.#edges = Float64Array.from({ length: bins + 1 }, (_, bin) => normalQuantile(bin / bins));
    this.#centres = Float64Array.from({ length: bins }, (_, bin) => normalQuantile((bin + 0.5) / bins));
  }

  /** The z that stands for a bin: its median under the prior. */
  centre(bin: number): number {
    return this.#centres[bin]!;
  }

  pushPrior(coder: AnsCoder, bin: number): void {
    coder.push(bin, 1, this.#bits);
  }

  popPrior(coder: AnsCoder): number {
    const bin = coder.peek(this.#bits);
    coder.drop(bin, 1, this.#bits);
    return bin;
  }

  /** Adds a bin with its probability under N(mu, deviation^2). */
  push(coder: AnsCoder, bin: number, mu: number, deviation: number): void {
    const start = this.#start(bin, mu, deviation);
    coder.push(start, this.#start(bin + 1, mu, deviation) - start, PRECISION);
  }

  pop(coder: AnsCoder, mu: number, deviation: number): number {
    const slot = coder.peek(PRECISION);
    let [low, high] = [0, 2 ** this.#bits];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#start(middle, mu, deviation) <= slot) low = middle;
      else high = middle;
    }
    const start = this.#start(low, mu, deviation);
    coder.drop(start, this.#start(low + 1, mu, deviation) - start, PRECISION);
    return low;
  }

  /**
   * Where a bin's interval of [0, 2^28) begins. Every bin gets at least one part, even if the distribution function, as it
   * is computed, should fall by a rounding error.
   */
  #start(bin: number, mu: number, deviation: number): number {
    const shares = 2 ** PRECISION - 2 * 2 ** this.#bits;
    return Math.floor(shares * normalCdf((this.#edges[bin]! - mu) / deviation)) + 2 * bin;
  }
}
