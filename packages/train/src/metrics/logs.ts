import { InputError } from '@onnx-forge/infer';
import { type LogLine, readLog } from './log.js';
import type { MetricSink, OpenSink, SinkImage, SinkMark, SinkRun, SinkStatus } from './sinks/sink.js';

/** Marks of a run's sinks, by their names. */
export type SinkMarks = Readonly<Record<string, SinkMark>>;

/** The sinks of a training as one. Disposed of without being closed, they are told that it failed. */
export class Logs implements AsyncDisposable {
  readonly #sinks: readonly MetricSink[];
  #open: { readonly name: string; readonly sink: OpenSink }[] = [];

  /**
   * @param sinks the first one writes metrics.jsonl
   * @throws InputError when two of them have one name
   */
  constructor(sinks: readonly MetricSink[]) {
    const names = sinks.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new InputError(`two sinks have the name '${twice}'`, { sinks: names });
    this.#sinks = sinks;
  }

  /**
   * Opens every sink. One that a resumed run had not before gets the lines so far.
   *
   * @param log path of metrics.jsonl
   * @param marks of the checkpoint; none for a run that begins
   */
  async open(run: SinkRun, log: string, marks: SinkMarks = {}): Promise<void> {
    for (const [index, sink] of this.#sinks.entries()) {
      const { name } = sink;
      const known = Object.hasOwn(marks, name);
      const open = await (known ? sink.open(run, marks[name]) : sink.open(run));
      this.#open.push({ name, sink: open });
      if (known || index === 0 || run.step === 0) continue;
      for (const line of await readLog(log)) await open.append(line);
    }
  }

  async append(line: LogLine): Promise<void> {
    for (const { sink } of this.#open) await sink.append(line);
  }

  /** Whether any sink takes pictures, so that they need to be drawn. */
  get takesImages(): boolean {
    return this.#open.some(({ sink }) => sink.image !== undefined);
  }

  async image(image: SinkImage): Promise<void> {
    for (const { sink } of this.#open) await sink.image?.(image);
  }

  /** Makes all that was written survive a power cut; gives the marks for the checkpoint. */
  async flush(): Promise<SinkMarks> {
    const marks: [string, SinkMark][] = [];
    for (const { name, sink } of this.#open) marks.push([name, await sink.flush()]);
    return Object.fromEntries(marks);
  }

  /** Closes every sink, also if one of them fails. @throws the first failure */
  async close(status: SinkStatus): Promise<void> {
    const open = this.#open;
    this.#open = [];
    const results = await Promise.allSettled(open.map(({ sink }) => sink.close(status)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An error is under way already; it says more.
    await this.close('failed').catch(() => {});
  }
}
