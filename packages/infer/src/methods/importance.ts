/**
 * Importance weights of one example, summed up as they come in: log w_1 .. log w_K need not be in memory together, and
 * exp never overflows (running maximum). float64 throughout.
 */
export class WeightSums {
  #largest = Number.NEGATIVE_INFINITY;
  #sum = 0; // of w / exp(largest)
  #squares = 0; // of its square
  #logs = 0; // of log w
  #count = 0;

  /** @param logWeight in nats; -Infinity is a weight of 0. NaN makes every result NaN. */
  add(logWeight: number): void {
    this.#count++;
    this.#logs += logWeight;
    if (logWeight === Number.NEGATIVE_INFINITY) return;
    if (logWeight > this.#largest) {
      const shrink = Math.exp(this.#largest - logWeight);
      this.#sum *= shrink;
      this.#squares *= shrink * shrink;
      this.#largest = logWeight;
    }
    const weight = Math.exp(logWeight - this.#largest);
    this.#sum += weight;
    this.#squares += weight * weight;
  }

  /** log (1/K) sum_k w_k, in nats: the estimate of log p(x). -Infinity when all weights are 0. */
  get logMean(): number {
    return this.#largest + Math.log(this.#sum / this.#count);
  }

  /** (1/K) sum_k log w_k, in nats: at most {@link logMean} (Jensen). -Infinity when a weight is 0. */
  get meanLog(): number {
    return this.#logs / this.#count;
  }

  /** Effective sample size (sum w)^2 / sum w^2, from 1 to K (Kong 1992); 0 when all weights are 0. */
  get effectiveSampleSize(): number {
    return this.#squares === 0 ? 0 : (this.#sum * this.#sum) / this.#squares;
  }

  /**
   * Standard error of {@link logMean} by the delta method: that of the mean weight, relative to it. NaN for one sample,
   * which says nothing about its own error. Trust it only when the effective sample size is well above 1.
   */
  get standardError(): number {
    const K = this.#count;
    const spread = this.#squares / (this.#sum * this.#sum) - 1 / K;
    return Math.sqrt((Math.max(spread, 0) * K) / (K - 1));
  }
}

/**
 * Mean and standard error of the mean, in float64 (Welford: no cancellation however many values there are). With a value of
 * -Infinity, log p(x) of an image that the model can't make, the mean is -Infinity and its error NaN.
 */
export class MeanAndError {
  #count = 0;
  #mean = 0;
  #squares = 0;

  add(value: number): void {
    this.#count++;
    if (!Number.isFinite(value + this.#mean)) {
      // An infinity less itself is NaN: the mean would be lost, not infinite.
      this.#mean += value;
      this.#squares = Number.NaN;
      return;
    }
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (value - this.#mean);
  }

  get mean(): number {
    return this.#count === 0 ? Number.NaN : this.#mean;
  }

  /** Standard deviation / sqrt(N); NaN for fewer than two values. */
  get standardError(): number {
    return this.#count < 2 ? Number.NaN : Math.sqrt(this.#squares / (this.#count - 1) / this.#count);
  }
}
