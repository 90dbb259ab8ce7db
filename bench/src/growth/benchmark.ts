import type { Benchmark, Contender } from '../benchmark.js';
import { openWorker } from '../contenders/worker.js';
import type { Row } from '../report/result.js';
import { onnxruntimeVersion } from '../worker/versions.js';
import { SERIES, type Series } from './series.js';

/** Quantities of a point; ids behind `RECIPE/growth/QUANTITY-VALUE/`. */
const MEASURES = { iteration: 'ms', memory: 'MB', compile: 'ms', nodes: 'nodes' } as const;

/** Iterations, memory and compilation of a recipe as its sizes grow: one thread, processor time, a process of its own for each point. */
export function growing(recipe: string, { budgetMs }: { readonly budgetMs: number }): Benchmark {
  const points = SERIES.filter((series) => series.recipe === recipe).flatMap((series) =>
    series.values.map((value) => ({ series, value, id: `${recipe}/growth/${series.quantity}-${value}` })),
  );
  const rows = points.flatMap(({ id, series, value }) =>
    Object.entries(MEASURES).map(
      ([measure, unit]): Row => ({
        id: `${id}/${measure}`,
        title: `${recipe}: ${series.quantity} ${value}, ${measure}`,
        unit,
        better: 'lower',
        at: { series: `${recipe}: ${series.quantity}`, value, measure: measure as keyof typeof MEASURES },
      }),
    ),
  );
  const contenders = points.map(({ id, series, value }) => ({
    ...inNewProcess(recipe, { id, budgetMs, ...settingsOf(series, value) }),
    rows: rows.filter((row) => row.id.startsWith(`${id}/`)).map((row) => row.id),
  }));
  return { rows, contenders };
}

/** From the trace to the first step, of a recipe as it is. */
export function compileTime(recipe: string, { budgetMs }: { readonly budgetMs: number }): Benchmark {
  const id = `${recipe}/compile`;
  const row: Row = {
    id: `${id}/compile`,
    title: `${recipe}: trace to first step of all its steps; one thread, processor time`,
    unit: 'ms',
    better: 'lower',
  };
  return { rows: [row], contenders: [inNewProcess(recipe, { id, budgetMs, set: {} })] };
}

function settingsOf({ option }: Series, value: number): { set: Record<string, number>; examples?: number } {
  return option === undefined ? { set: {}, examples: value } : { set: { [option]: value } };
}

interface Point {
  readonly id: string;
  readonly budgetMs: number;
  readonly set: Readonly<Record<string, number>>;
  readonly examples?: number;
}

function inNewProcess(recipe: string, point: Point): Contender {
  return {
    engine: 'onnx-forge',
    open: async () => ({
      version: onnxruntimeVersion(),
      threads: 1,
      async measure() {
        const runner = await openWorker({ ...point, task: 'growth', recipe, threads: 1, clock: 'cpu' });
        try {
          return await runner.measure();
        } finally {
          await runner.close();
        }
      },
      close: async () => {},
    }),
  };
}
