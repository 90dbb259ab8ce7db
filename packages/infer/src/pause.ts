/** How long work may hold the event loop, in milliseconds: two frames of a display. */
const LONGEST_HOLD = 32;

/** Lets other work (timers, input, a progress bar) run now and then during a long computation. */
export class Breather {
  #last = performance.now();

  /** Does nothing unless the event loop was held for long. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#last < LONGEST_HOLD) return;
    await nextTask();
    this.#last = performance.now();
  }
}

/** The next turn of the event loop, without the delay that browsers put on timers. */
function nextTask(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel() as unknown as { port1: Port; port2: Port };
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** The part of the browser's MessagePort that is used here. */
interface Port {
  onmessage: (() => void) | null;
  postMessage(message: null): void;
  close(): void;
}
