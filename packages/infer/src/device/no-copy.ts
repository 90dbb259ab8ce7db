import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { NO_COPY_OUTPUT } from './no-copy-output.js';

const REFUSAL = 'Non tensor type is temporarily not supported.';

type Tensors = Readonly<Record<string, Tensor>>;

/** Runs a graph that has the no-copy output into pre-allocated tensors; falls back to copying where the trick fails. */
export class NoCopyRunner {
  readonly #session: InferenceSession;
  #state: 'untried' | 'works' | 'fails' = 'untried';

  constructor(session: InferenceSession) {
    this.#session = session;
  }

  async run(feeds: Tensors, outputs: Tensors): Promise<void> {
    if (this.#state === 'works') return this.#silently(feeds, outputs);
    const probe = this.#state === 'untried' ? probeOf(feeds, outputs) : undefined;
    if (probe) {
      probe.fill(Number.NaN, 0, 1);
      await this.#silently(feeds, outputs);
      this.#state = Number.isNaN(probe[0]) ? 'fails' : 'works';
      if (this.#state === 'works') return;
    }
    await this.#session.run(feeds, outputs);
  }

  async #silently(feeds: Tensors, outputs: Tensors): Promise<void> {
    try {
      await this.#session.run(feeds, { [NO_COPY_OUTPUT]: null, ...outputs });
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes(REFUSAL)) throw error;
    }
  }
}

/** An output array that shows whether it was filled: none that the graph reads too. */
function probeOf(feeds: Tensors, outputs: Tensors): Float32Array | undefined {
  const read = new Set(Object.values(feeds).map(({ data }) => data));
  const shows = ({ type, size, data }: Tensor): boolean => type === 'float32' && size > 0 && !read.has(data);
  return Object.values(outputs).find(shows)?.data as Float32Array | undefined;
}
