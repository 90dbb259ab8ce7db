import { useEffect, useState } from 'preact/hooks';
import type { OfferedRun } from './offer.js';

/** One line of a run's log. */
export interface LogLine {
  readonly kind: 'train' | 'validation';
  readonly step: number;
  readonly epoch: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface Logs {
  /** By the run's name; missing while it is read. */
  readonly lines: ReadonlyMap<string, readonly LogLine[]>;
  readonly problems: readonly string[];
}

interface LogEvent {
  readonly number: number;
  readonly from: number;
  readonly lines: readonly LogLine[];
}

/** The logs of these runs; with `live` they grow while the runs train. */
export function useLogs(runs: readonly OfferedRun[], live: boolean): Logs {
  const [logs, setLogs] = useState<Logs>({ lines: new Map(), problems: [] });
  const key = runs.map(({ name, log }) => `${name} ${log}`).join('\n');
  useEffect(() => {
    let isOver = false;
    const update = (change: (before: Logs) => Logs): void => {
      if (!isOver) setLogs(change);
    };
    const put = (name: string, from: number, lines: readonly LogLine[]): void =>
      update(({ lines: all, problems }) => {
        const before = from === 0 ? [] : (all.get(name) ?? []).slice(0, from);
        return { lines: new Map([...all, [name, [...before, ...lines]]]), problems };
      });
    const fail = (message: string): void =>
      update(({ lines, problems }) => ({ lines, problems: [...problems, message] }));
    setLogs(({ lines }) => ({ lines: new Map(runs.flatMap(({ name }) => ofRun(lines, name))), problems: [] }));
    const logged = runs.filter(({ log }) => log !== undefined);
    if (live && logged.length > 0) {
      const close = follow(logged, put, fail);
      return () => {
        isOver = true;
        close();
      };
    }
    for (const { name, log } of logged) {
      fetch(log!)
        .then((response) => (response.ok ? (response.json() as Promise<LogLine[]>) : Promise.reject(response.status)))
        .then((lines) => put(name, 0, lines))
        .catch((reason) => fail(`the log of ${name} can't be read (${reason})`));
    }
    return () => {
      isOver = true;
    };
  }, [key, live]);
  return logs;
}

function ofRun<T>(all: ReadonlyMap<string, T>, name: string): [string, T][] {
  return all.has(name) ? [[name, all.get(name)!]] : [];
}

/** Listens to the server until the function that it returns is called. */
function follow(
  runs: readonly OfferedRun[],
  put: (name: string, from: number, lines: readonly LogLine[]) => void,
  fail: (message: string) => void,
): () => void {
  const names = new Map(runs.map(({ name, log }) => [Number.parseInt(log!.replace(/^\D*/, ''), 10), name] as const));
  const events = new EventSource(`events?${[...names.keys()].map((number) => `log=${number}`).join('&')}`);
  events.addEventListener('log', ({ data }: MessageEvent<string>) => {
    const { number, from, lines } = JSON.parse(data) as LogEvent;
    const name = names.get(number);
    if (name !== undefined) put(name, from, lines);
  });
  events.addEventListener('problem', ({ data }: MessageEvent<string>) => {
    fail((JSON.parse(data) as { message: string }).message);
  });
  return () => events.close();
}

/** A metric of a log as a curve. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** `train` metrics are named `STEP/METRIC`, those of validation `METRIC`. */
export function curveOf(lines: readonly LogLine[], metric: string, against: 'step' | 'epoch'): Curve {
  const found = lines.filter(({ metrics }) => Number.isFinite(metrics[metric]));
  return { x: found.map((line) => line[against]), y: found.map(({ metrics }) => metrics[metric]!) };
}

/** The metrics of some logs: those of validation first. */
export function metricsOf(logs: Iterable<readonly LogLine[]>): string[] {
  const names = { validation: new Set<string>(), train: new Set<string>() };
  for (const lines of logs) for (const { kind, metrics } of lines) for (const name in metrics) names[kind].add(name);
  return [...new Set([...names.validation, ...names.train])];
}
