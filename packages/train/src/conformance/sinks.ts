import { deepStrictEqual } from 'node:assert/strict';
import type { LogLine } from '../metrics/log.js';
import type { MetricSink, OpenSink, SinkMark, SinkRun } from '../metrics/sinks/sink.js';

/** A sink under test, with a reader of what it wrote. */
export interface SinkSubject {
  /** A new sink, as another process would make it. */
  sink(): MetricSink;
  /** The lines that are there, in their order. */
  read(folder: string): Promise<readonly LogLine[]>;
  /** An empty folder for one check; the caller removes it. */
  readonly folder: string;
  /** Losses in the sink's format. */
  readonly lacks?: {
    /** Lines have no epoch. */
    readonly epoch?: boolean;
    /** Numbers have single precision. */
    readonly doublePrecision?: boolean;
  };
}

/** Rejects with an AssertionError when the sink does otherwise. */
export type SinkCheck = (subject: SinkSubject) => Promise<void>;

/**
 * Duties of every sink, by their names. Run each with a folder of its own:
 *
 * ```ts
 * for (const [name, check] of Object.entries(SINK_CHECKS)) it(name, () => check({ sink, read, folder: newFolder() }));
 * ```
 */
export const SINK_CHECKS: Readonly<Record<string, SinkCheck>> = {
  'lines are read back in their order': async (subject) => {
    const open = await begin(subject);
    await appendAll(open, LINES);
    await open.close('finished');
    await expectLines(subject, LINES);
  },

  'names and numbers of any kind survive': async (subject) => {
    const metrics = {
      'elbo/loss': -1.5e-300,
      constructor: 0.1,
      'a "quoted", name': 1e300,
      'two\nlines': -0.5,
      'Verlust/ä': 123_456_789.25,
      ' ': 0,
    };
    // Beyond what single precision holds there is no number to expect.
    const small = Object.fromEntries(Object.entries(metrics).map(([name], index) => [name, index - 0.25]));
    const line: LogLine = { ...LINES[0]!, metrics: subject.lacks?.doublePrecision ? small : metrics };
    const open = await begin(subject);
    await open.append(line);
    await open.close('finished');
    await expectLines(subject, [line]);
  },

  'what is flushed is there before the sink is closed': async (subject) => {
    const open = await begin(subject);
    await appendAll(open, LINES.slice(0, 2));
    await open.flush();
    await expectLines(subject, LINES.slice(0, 2));
    await open.close('interrupted');
  },

  'a run that is interrupted goes on at its mark': async (subject) => {
    const open = await begin(subject);
    await appendAll(open, LINES.slice(0, 2));
    const mark = await open.flush();
    await open.close('interrupted');
    const again = await resume(subject, mark);
    await appendAll(again, LINES.slice(2));
    await again.close('finished');
    await expectLines(subject, LINES);
  },

  'after a kill what came after the mark is dropped': async (subject) => {
    const killed = await begin(subject);
    await appendAll(killed, LINES.slice(0, 2));
    const mark = await killed.flush();
    await appendAll(killed, LINES.slice(2));
    await killed.flush();
    const again = await resume(subject, mark);
    await expectLines(subject, LINES.slice(0, 2));
    await appendAll(again, LINES.slice(2));
    await again.close('finished');
    await expectLines(subject, LINES);
    await killed.close('failed').catch(() => {});
  },

  'killed twice after the same mark, it has each line once': async (subject) => {
    const first = await begin(subject);
    await appendAll(first, LINES.slice(0, 1));
    const mark = await first.flush();
    await first.close('interrupted');
    for (const _ of [1, 2]) {
      const killed = await resume(subject, mark);
      await appendAll(killed, LINES.slice(1, 3));
      await killed.flush();
      await killed.close('failed');
    }
    const again = await resume(subject, mark);
    await appendAll(again, LINES.slice(1));
    await again.close('finished');
    await expectLines(subject, LINES);
  },

  'an older mark holds after a later one was taken': async (subject) => {
    const open = await begin(subject);
    await appendAll(open, LINES.slice(0, 1));
    const older = await open.flush();
    await appendAll(open, LINES.slice(1, 2));
    const later = await open.flush();
    await open.close('interrupted');
    const between = await resume(subject, later);
    await appendAll(between, LINES.slice(2));
    await between.flush();
    await between.close('interrupted');
    const again = await resume(subject, older);
    await appendAll(again, LINES.slice(1));
    await again.close('finished');
    await expectLines(subject, LINES);
  },

  'a mark of an empty log drops everything': async (subject) => {
    const open = await begin(subject);
    const mark = await open.flush();
    await appendAll(open, LINES);
    await open.close('failed');
    const again = await resume(subject, mark);
    await again.close('finished');
    await expectLines(subject, []);
  },

  'without a mark it begins anew': async (subject) => {
    const open = await begin(subject);
    await appendAll(open, LINES);
    await open.close('finished');
    const again = await begin(subject);
    await appendAll(again, LINES.slice(1));
    await again.close('finished');
    await expectLines(subject, LINES.slice(1));
  },

  'a mark is JSON, and stays the same while nothing is appended': async (subject) => {
    const open = await begin(subject);
    await appendAll(open, LINES.slice(0, 2));
    const [first, second] = [await open.flush(), await open.flush()];
    deepStrictEqual(overJson(first), first, 'the mark is not what comes back from JSON');
    deepStrictEqual(second, first, 'a second flush gives another mark');
    await open.close('interrupted');
  },
};

const LINES: readonly LogLine[] = [
  { kind: 'train', step: 50, epoch: 0.5, metrics: { 'elbo/loss': 101.5, 'elbo/kl': 0.25 } },
  { kind: 'train', step: 100, epoch: 1, metrics: { 'elbo/loss': 99.5, 'elbo/kl': 0.5 } },
  { kind: 'validation', step: 100, epoch: 1, metrics: { elbo: -98.75 } },
  { kind: 'train', step: 150, epoch: 1.5, metrics: { 'elbo/loss': 97, 'elbo/kl': 1 } },
];

const SETTINGS = { recipe: 'conformance', seed: 1, engine: 'compiled', learningRate: 3e-4 };

function runOf({ folder }: SinkSubject, step: number): SinkRun {
  return { folder, settings: SETTINGS, step, onNotice: () => {} };
}

function begin(subject: SinkSubject): Promise<OpenSink> {
  return subject.sink().open(runOf(subject, 0));
}

/** As the trainer does it: the mark has been in a file. */
function resume(subject: SinkSubject, mark: SinkMark): Promise<OpenSink> {
  return subject.sink().open(runOf(subject, 100), overJson(mark));
}

function overJson(mark: SinkMark): SinkMark {
  return JSON.parse(JSON.stringify(mark)) as SinkMark;
}

async function appendAll(open: OpenSink, lines: readonly LogLine[]): Promise<void> {
  for (const line of lines) await open.append(line);
}

async function expectLines({ read, folder, lacks = {} }: SinkSubject, lines: readonly LogLine[]): Promise<void> {
  const told = ({ epoch, ...line }: LogLine) => {
    const numbers = Object.entries(line.metrics).map(([name, value]) => {
      return [name, lacks.doublePrecision ? Math.fround(value) : value];
    });
    return { ...line, ...(lacks.epoch ? {} : { epoch }), metrics: Object.fromEntries(numbers) as LogLine['metrics'] };
  };
  deepStrictEqual((await read(folder)).map(told), lines.map(told));
}
