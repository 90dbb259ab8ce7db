import type { Progress } from './progress.js';

/** Shows how many files, or images of an array, have been read. */
export function showReading(progress: Progress, name: string): (done: number, of: number) => void {
  return (done, of) => progress.update({ task: `reading ${name}`, fraction: done / of, detail: `${done} of ${of}` });
}
