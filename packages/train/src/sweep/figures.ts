import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lineChart, type ParallelAxis, parallelChart, scatterPlot, stackCharts, svgToPng } from '@onnx-forge/viz';
import { writeAtomically } from '../run/atomic.js';
import { withSweepFiles } from './errors.js';
import type { SweepFolder, TrialRecord } from './folder.js';
import { isChoice, type Parameter } from './space.js';
import { repetitionsOf, repetitionText } from './spec.js';
import { lossSign, trialValue } from './trial.js';

/** Trials that are drawn one by one; of more than so many some are left out, which the figure says. */
const DRAWN = 1_000;

/** A trial that has a value. */
interface Valued {
  readonly record: TrialRecord;
  readonly value: number;
}

/**
 * Draws a sweep: the best value so far over the trials, the value against each parameter, and all parameters beside each
 * other; PNG and SVG in `figures/`. Nothing is drawn of fewer than two trials with a value.
 *
 * @returns the files
 */
export function drawSweep(folder: SweepFolder): Promise<readonly string[]> {
  return withSweepFiles(folder.path, () => draw(folder));
}

async function draw(folder: SweepFolder): Promise<readonly string[]> {
  const valued: Valued[] = [];
  let drawn = 0;
  for await (const record of folder.records()) {
    drawn += 1;
    const value = trialValue(record);
    if (value !== undefined) valued.push({ record, value });
  }
  if (valued.length < 2) return [];
  const { model, target, goal, search } = folder.spec;
  const some = thinned(valued, lossSign(goal));
  const each = `${repetitionsOf(folder.spec).length === 1 ? '' : 'mean of '}${repetitionText(folder.spec)}`;
  const trials = valued.length === drawn ? `${drawn} trials` : `${valued.length} of ${drawn} trials`;
  const about = `${model}, ${trials} of a ${search} search, ${each}`;
  const aboutSome =
    some.length === valued.length ? about : `${about}; ${some.length} of them drawn, the best among them`;
  const charts = {
    'best-so-far': bestSoFar(folder, valued, about),
    parameters: againstParameters(folder, some, aboutSome),
    parallel: parallelChart({
      title: `${target} by all parameters`,
      subtitle: aboutSome,
      axes: Object.entries(folder.spec.space).map(([name, parameter]) => parallelAxis(name, parameter, some)),
      color: { label: target, values: some.map(({ value }) => value), darkest: goal === 'maximise' ? 'high' : 'low' },
    }),
  };
  const figures = join(folder.path, 'figures');
  await mkdir(figures, { recursive: true });
  const files: string[] = [];
  for (const [name, { svg }] of Object.entries(charts)) {
    const file = join(figures, name);
    await writeAtomically(`${file}.svg`, svg);
    await writeAtomically(`${file}.png`, svgToPng(svg));
    files.push(`${file}.svg`, `${file}.png`);
  }
  return files;
}

/** At most {@link DRAWN} trials at equal distances, and the best. */
function thinned(valued: readonly Valued[], sign: 1 | -1): readonly Valued[] {
  if (valued.length <= DRAWN) return valued;
  const best = valued.reduce((one, other) => (sign * other.value < sign * one.value ? other : one));
  const step = valued.length / (DRAWN - 1);
  const kept = new Set(Array.from({ length: DRAWN - 1 }, (_, i) => valued[Math.floor(i * step)]!));
  return valued.filter((one) => one === best || kept.has(one));
}

function bestSoFar({ spec: { target, goal } }: SweepFolder, valued: readonly Valued[], subtitle: string) {
  const sign = lossSign(goal);
  let best = Number.POSITIVE_INFINITY;
  // A step: the best stays what it was until a trial is better.
  const [x, y]: [number[], number[]] = [[], []];
  for (const { record, value } of valued) {
    if (Number.isFinite(best)) {
      x.push(record.number);
      y.push(sign * best);
    }
    best = Math.min(best, sign * value);
    x.push(record.number);
    y.push(sign * best);
  }
  return lineChart({
    title: `Best ${target} so far`,
    subtitle,
    x: { label: 'trial' },
    y: { label: target },
    series: [{ name: 'best so far', x, y }],
  });
}

/** The value against each parameter, one chart below the other. */
function againstParameters({ spec: { target, space } }: SweepFolder, valued: readonly Valued[], subtitle: string) {
  const charts = Object.entries(space).flatMap(([name, parameter]) => {
    const { values, names: choices } = parallelAxis(name, parameter, valued);
    // Listed numbers stand at their own distances.
    const numeric = isChoice(parameter) && parameter.values.every((value) => typeof value === 'number');
    const names = numeric ? undefined : choices;
    const drawn = valued
      .map((one, i) => ({ ...one, x: numeric ? Number(one.record.settings[name]) : values[i]! }))
      .filter(({ x }) => !Number.isNaN(x));
    if (drawn.length === 0) return [];
    const label = names === undefined ? name : `${name}: ${names.map((one, i) => `${i} ${one}`).join(', ')}`;
    const log = !isChoice(parameter) && parameter.log === true;
    const series = [{ name: 'trials', x: drawn.map(({ x }) => x), y: drawn.map(({ value }) => value) }];
    const axes = { x: { label, ...(log && { scale: 'log' as const }) }, y: { label: target } };
    return scatterPlot({ title: `${target} by ${name}`, subtitle, width: 560, height: 320, ...axes, series });
  });
  return stackCharts(charts, { columns: charts.length > 2 ? 2 : 1 });
}

function parallelAxis(name: string, parameter: Parameter, valued: readonly Valued[]): ParallelAxis {
  const given = valued.map(({ record }) => (Object.hasOwn(record.settings, name) ? record.settings[name] : undefined));
  if (!isChoice(parameter)) {
    return {
      label: name,
      values: given.map((value) => (value as number | undefined) ?? Number.NaN),
      log: parameter.log === true,
    };
  }
  const { values } = parameter;
  const places = given.map((value) => (value === undefined ? Number.NaN : values.indexOf(value)));
  return { label: name, values: places, names: values.map(String) };
}
