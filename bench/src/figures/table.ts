import { onMostExamples } from '@onnx-forge/train/run';
import type { FigureArm, FigureManifest, FigureMetric } from './manifest.js';
import type { Logged, Study, StudyMeasure } from './study.js';

/** Mean and standard error over runs; the error of one run is not known. */
export interface MeanOverSeeds {
  readonly mean: number;
  readonly standardError: number | undefined;
  readonly n: number;
}

/** @returns undefined of no values */
export function overSeeds(values: readonly number[]): MeanOverSeeds | undefined {
  const n = values.length;
  if (n === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: n < 2 ? undefined : Math.sqrt(squares / (n - 1) / n), n };
}

/** How a number was measured; of the log that is not known. */
type Way = Pick<FigureMetric, 'samples' | 'draws'>;

interface Values {
  /** As they are shown. */
  readonly bySeed: ReadonlyMap<number, number>;
  readonly way: Way;
}

/** Whether a run's number is that of the measure. */
function isOf(
  { name, split, draws, logged }: StudyMeasure,
  metric: Pick<FigureMetric, 'name' | 'split' | 'draws' | 'logged'>,
): boolean {
  return (
    metric.name === name &&
    metric.split === split &&
    metric.logged === logged &&
    (draws === undefined || metric.draws === draws)
  );
}

/**
 * A run's number of a measure. Of several, the one on as many examples as the study measures, else on the most; of several such,
 * the newest.
 */
export function numberOf(
  { evaluation, certificate }: Pick<Study, 'evaluation' | 'certificate'>,
  measure: StudyMeasure,
  metrics: readonly FigureMetric[],
): FigureMetric | undefined {
  const newestFirst = metrics.filter((metric) => isOf(measure, metric)).toReversed();
  const examples = evaluation?.examples ?? certificate?.examples;
  const asked = newestFirst.filter(({ samples }) => samples !== undefined && samples === examples);
  return onMostExamples(asked.length > 0 ? asked : newestFirst, ({ samples }) => samples);
}

/** The measure's values of an arm's runs. */
function valuesOf(study: Study, { runs }: FigureArm, measure: StudyMeasure): Values | undefined {
  const found = runs.flatMap(({ seed, metrics }) => {
    const metric = numberOf(study, measure, metrics);
    return metric ? [[seed, metric] as const] : [];
  });
  if (found.length === 0) return undefined;
  const way = wayOf(found.map(([, metric]) => metric));
  return { bySeed: new Map(found.map(([seed, { value }]) => [seed, scaled(measure, value)])), way };
}

/** @throws Error when numbers of one arm were not measured alike */
function wayOf(metrics: readonly Way[]): Way {
  const [first] = metrics;
  const other = metrics.find(({ samples, draws }) => samples !== first!.samples || draws !== first!.draws);
  if (other)
    throw new Error(
      `runs of one arm were measured on ${first!.samples} and ${other.samples} examples, or with other draws`,
    );
  return first!;
}

function scaled({ as }: StudyMeasure, value: number): number {
  if (as === 'percent') return 100 * value;
  return as === 'log10' ? Math.log10(value) : value;
}

function shown(measure: StudyMeasure, { mean, standardError }: MeanOverSeeds): string {
  const text = mean.toFixed(measure.digits);
  return standardError === undefined ? text : `${text} ± ${standardError.toFixed(measure.digits)}`;
}

function cell({ seeds, together }: Study, measure: StudyMeasure, values: Values | undefined): string {
  if (values === undefined) return 'not measured yet';
  const { bySeed } = values;
  const text = shown(measure, overSeeds([...bySeed.values()])!);
  if (together) return `${text} (${seeds.length} seeds together)`;
  return bySeed.size === 1 ? `${text} (one seed)` : text;
}

/** A number of a study. */
export interface NumberOf {
  /** `mean` of a study that has one. */
  readonly arm: string;
  readonly measure: string;
  readonly split: string;
  readonly logged?: Logged;
}

const MEAN = 'mean';

/** The means of all arms, of the seeds that all of them have. */
function meanOf(arms: readonly (Values | undefined)[]): Values | undefined {
  const there = arms.filter((values) => values !== undefined);
  const [first] = there;
  if (first === undefined || there.length < arms.length) return undefined;
  const shared = [...first.bySeed.keys()].filter((seed) => there.every(({ bySeed }) => bySeed.has(seed)));
  const mean = (seed: number) => there.reduce((sum, { bySeed }) => sum + bySeed.get(seed)!, 0) / there.length;
  return shared.length === 0
    ? undefined
    : { bySeed: new Map(shared.map((seed) => [seed, mean(seed)])), way: first.way };
}

/**
 * One number of a study, as its table has it.
 *
 * @throws Error when the study has no such arm or measure
 */
export function figureValue(
  study: Study,
  manifest: FigureManifest,
  { arm, measure: name, split, logged }: NumberOf,
): string {
  const measure = study.measures.find((one) => one.name === name && one.split === split && one.logged === logged);
  const isMean = arm === MEAN && study.mean !== undefined;
  if (study.arms[arm] === undefined && !isMean) throw new Error(`figures: study '${study.name}' has no arm '${arm}'`);
  if (measure === undefined) throw new Error(`figures: study '${study.name}' has no measure '${name}' on ${split}`);
  const values = (of: string) => valuesOf(study, manifest.arms[of] ?? { runs: [] }, measure);
  return cell(study, measure, isMean ? meanOf(Object.keys(study.arms).map(values)) : values(arm));
}

/** Differences to the arm it is compared with, of the seeds that both have. */
function difference(
  measure: StudyMeasure,
  own: Values | undefined,
  { label, values: [other] }: { readonly label: string; readonly values: readonly (Values | undefined)[] },
): string {
  if (!own || !other) return '';
  const shared = [...own.bySeed].filter(([seed]) => other.bySeed.has(seed));
  const over = overSeeds(shared.map(([seed, value]) => value - other.bySeed.get(seed)!));
  if (over === undefined) return '';
  return `${over.mean > 0 ? '+' : ''}${shown(measure, over)} (n = ${over.n}) to ${label}`;
}

/** Whether a gate is met by at least two standard errors: over seeds, or, of one seed, over examples. */
function verdict(study: Study, measure: StudyMeasure, arm: FigureArm): string {
  const { gate } = measure;
  if (gate === undefined) return '';
  const value = scaled(measure, gate.value);
  const wanted = `gate ${value.toFixed(measure.digits)}`;
  const over = overSeeds([...(valuesOf(study, arm, measure)?.bySeed.values() ?? [])]);
  if (over === undefined) return wanted;
  const margin = (over.mean - value) * (gate.better === 'higher' ? 1 : -1);
  if (margin < 0) return `${wanted}: not reached`;
  const [ofOne] = arm.runs.flatMap(({ metrics }) => numberOf(study, measure, metrics)?.standardError ?? []);
  const error = over.standardError ?? (ofOne === undefined ? undefined : ofOne * (measure.as === 'percent' ? 100 : 1));
  if (error === undefined) return `${wanted}: reached, its error not known`;
  const errors = margin / error;
  return `${wanted}: ${errors < 2 ? 'reached, but not by two errors' : 'reached'} (${errors.toFixed(1)} errors away)`;
}

function examplesOf({ samples, draws }: Way): string[] {
  if (samples === undefined) return [];
  const drawn = draws === undefined ? [] : [draws === 1 ? 'one draw each' : `K = ${draws}`];
  return [`${samples.toLocaleString('en')} examples`, ...drawn];
}

/** The study's table in Markdown: means over seeds with their standard errors, and what they were measured on. */
export function figureTable(study: Study, manifest: FigureManifest): string {
  const { measures } = study;
  const arms = Object.entries(study.arms).map(([key, arm]) => {
    const found = manifest.arms[key] ?? { runs: [] };
    return { ...arm, key, found, values: measures.map((measure) => valuesOf(study, found, measure)) };
  });
  const isCompared = arms.some(({ against }) => against !== undefined);
  const hasPublished = arms.some(({ published }) => published !== undefined);
  const head = [
    study.numbersAsRows ? 'number' : arms.some(({ model }) => model !== undefined) ? 'training' : study.model,
    ...measures.map(({ label, split }, index) => {
      const way = arms.map(({ values }) => values[index]?.way).find((one) => one !== undefined);
      return [label, split, ...(way ? examplesOf(way) : [])].join(', ');
    }),
    ...(isCompared ? [`difference in ${measures[0]!.label}, same seeds`] : []),
    ...(hasPublished ? ['published'] : []),
    ...(study.hours ? ['hours'] : []),
    'seeds',
    'iterations',
    'device',
  ];
  const rows = arms.map(({ label, against, published = '', found, values }) => {
    const base = arms.find(({ key }) => key === against);
    const { runs } = found;
    const facts = (pick: (run: (typeof runs)[number]) => string | number) => [...new Set(runs.map(pick))].join(', ');
    return [
      label,
      ...values.map((value, index) => cell(study, measures[index]!, value)),
      ...(isCompared ? [base ? difference(measures[0]!, values[0], base) : ''] : []),
      ...(hasPublished ? [published] : []),
      ...(study.hours ? [facts(({ hours }) => hours?.toFixed(2) ?? '')] : []),
      study.together ? study.seeds.join(', ') : facts(({ seed }) => seed),
      facts(({ steps }) => steps.toLocaleString('en')),
      facts(({ device, engine }) => `${device} (${engine})`),
    ];
  });
  if (study.mean !== undefined) {
    const means = measures.map((measure, index) =>
      cell(study, measure, meanOf(arms.map(({ values }) => values[index]))),
    );
    const rest = head.length - 1 - means.length;
    rows.push([study.mean, ...means, ...Array.from({ length: rest }, () => '')]);
  }
  const cells = study.numbersAsRows ? transposed([head, ...rows]) : [head, ...rows];
  const table = [cells[0]!, cells[0]!.map(() => '---'), ...cells.slice(1)]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  const gates = arms.flatMap(({ label, found }) =>
    measures
      .map((measure) => ({ measure, text: verdict(study, measure, found) }))
      .flatMap(({ measure, text }) =>
        text === '' ? [] : [`${arms.length > 1 ? `${label}, ` : ''}${measure.label}: ${text}.`],
      ),
  );
  const published = measures.flatMap(({ label, published: text }) => (text ? [`${label}, published: ${text}.`] : []));
  const unfinished = arms.some(({ found }) => found.runs.length < (study.together ? 1 : study.seeds.length));
  const lines = [
    `Data: ${[...new Set([study.data, ...arms.flatMap(({ of, data }) => (of ? (of.study.arms[of.arm]?.data ?? of.study.data) : (data ?? [])))])].join(', ')}. ${spread(
      arms.map(({ found }) => found),
      study.together === true,
    )}`,
    ...[...gates, ...published].map((sentence) => sentence[0]!.toUpperCase() + sentence.slice(1)),
    ...(study.note ? [study.note] : []),
    ...(unfinished ? [`Not all of it is trained yet: \`npm run figures -- --only ${study.name}\` goes on.`] : []),
  ];
  return `${table}\n\n${lines.join(' ')}`;
}

const transposed = (rows: readonly (readonly string[])[]): string[][] =>
  rows[0]!.map((_, column) => rows.map((row) => row[column]!));

/** The meaning of the number after ±. */
function spread(arms: readonly FigureArm[], together: boolean): string {
  if (arms.every(({ runs }) => runs.length === 0)) return 'Nothing is measured yet.';
  if (together) return 'One number of all seeds has no error over seeds.';
  return arms.some(({ runs }) => runs.length > 1)
    ? '±: standard error over the seeds.'
    : 'A number of one seed has no error over seeds.';
}
