import { useEffect, useRef, useState } from 'preact/hooks';

export interface Live<T> {
  /** The last result there was. */
  readonly value?: T;
  readonly error?: Error;
  /** How long the last call took. */
  readonly milliseconds?: number;
  readonly busy: boolean;
}

/**
 * The result of `work`, computed anew when something in `inputs` changes. One call at a time: of the changes meanwhile only
 * the last one counts, so that a slider never waits for what it has left behind. `work` undefined: nothing to compute.
 */
export function useLive<T>(work: (() => Promise<T>) | undefined, inputs: readonly unknown[]): Live<T> {
  const [live, setLive] = useState<Live<T>>({ busy: false });
  const queue = useRef<{ running: boolean; next: (() => Promise<T>) | undefined; mounted: boolean }>({
    running: false,
    next: undefined,
    mounted: true,
  });
  useEffect(() => {
    queue.current.mounted = true;
    return () => {
      queue.current.mounted = false;
    };
  }, []);
  useEffect(() => {
    const state = queue.current;
    state.next = work;
    if (!work) {
      if (!state.running) setLive({ busy: false });
      return;
    }
    if (state.running) return;
    const drain = async (): Promise<void> => {
      state.running = true;
      setLive((before) => ({ ...before, busy: true }));
      let result: Live<T> = { busy: false };
      while (state.next && state.mounted) {
        const task = state.next;
        state.next = undefined;
        const start = performance.now();
        try {
          const value = await task();
          result = { value, milliseconds: performance.now() - start, busy: state.next !== undefined };
        } catch (error) {
          result = { error: error as Error, busy: state.next !== undefined };
        }
        if (state.mounted) setLive(result);
      }
      state.running = false;
    };
    void drain();
  }, inputs);
  return live;
}
