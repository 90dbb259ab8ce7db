import type { Benchmark, Contender, Reading } from './benchmark.js';
import type { Clock } from './worker/timing.js';

/** How a contender is measured beside the others: by the processor time of its one thread. */
export interface ProcessorTime {
  readonly threads: number;
  readonly clock: Clock;
}

const TWIN = '/cpu';

/** Whether a row is the twin of another, by processor time. */
export function isTwin(id: string): boolean {
  return id.endsWith(TWIN);
}

/**
 * The benchmark with each of its rows once more, `ID/cpu`: the processor time of one thread, which other programs on the
 * machine change least.
 */
export function besideProcessorTime(
  { rows, contenders }: Benchmark,
  contendersBy: (how: ProcessorTime) => readonly Contender[],
): Benchmark {
  const ids = rows.map(({ id }) => id);
  const twin = (id: string): string => `${id}${TWIN}`;
  const twins = rows.map((row) => ({ ...row, id: twin(row.id), title: `${row.title}; one thread, processor time` }));
  const byTwin = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).map(([id, value]) => [twin(id), value]));
  const renamed = contendersBy({ threads: 1, clock: 'cpu' }).map(
    ({ engine, open }): Contender => ({
      engine,
      rows: ids.map(twin),
      async open() {
        const runner = await open();
        return {
          ...runner,
          async measure(): Promise<Reading> {
            const { values, notes = {}, ...rest } = await runner.measure();
            return { ...rest, values: byTwin(values), notes: byTwin(notes) };
          },
        };
      },
    }),
  );
  return {
    rows: [...rows, ...twins],
    contenders: [...contenders.map((contender) => ({ ...contender, rows: ids })), ...renamed],
  };
}
