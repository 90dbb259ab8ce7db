import { useContext, useEffect, useState } from 'preact/hooks';
import { type LogLine, StreamContext } from './event-stream.js';
import type { OfferedRun } from './offer.js';

export interface Logs {
  /** By the run's name; missing while it is read. */
  readonly lines: ReadonlyMap<string, readonly LogLine[]>;
  readonly problems: readonly string[];
}

/** The logs of these runs; where there is a server they grow while the runs train. */
export function useLogs(runs: readonly OfferedRun[]): Logs {
  const stream = useContext(StreamContext);
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
    if (stream && logged.length > 0) {
      const names = new Map(logged.map(({ name, log }) => [Number.parseInt(log!.replace(/^\D*/, ''), 10), name]));
      const leave = stream.follow({
        numbers: [...names.keys()],
        onLines: ({ number, from, lines }) => put(names.get(number)!, from, lines),
        onProblem: fail,
      });
      return () => {
        isOver = true;
        leave();
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
  }, [key, stream]);
  return logs;
}

function ofRun<T>(all: ReadonlyMap<string, T>, name: string): [string, T][] {
  return all.has(name) ? [[name, all.get(name)!]] : [];
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
