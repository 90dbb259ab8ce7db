import { COUNT, POSITIVE, wholeNumber } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';
import { FOLD_COUNTS } from '../data/sources/split.js';
import { directionOf } from '../metrics/direction.js';
import { schemaOf } from '../options/schema.js';
import type { SearchName } from './samplers/index.js';
import { isChoice, type Space, spaceSchema } from './space.js';
import type { Stopping } from './stoppers/index.js';

/** A sweep, as its file has it, all defaults filled in. */
export interface SweepSpec {
  /** Name of a recipe, or path of a recipe file. */
  readonly model: string;
  /** Settings of every trial: those of a training in a batch file. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Options of the recipe that are searched. */
  readonly space: Space;
  readonly search: SearchName;
  readonly stopping: Stopping;
  /** The measure on the validation split that decides, such as `validation.elbo`. Selection by the test split is refused. */
  readonly target: string;
  /** In a file it may be left out where the direction of the measure is known: accuracy is maximised, a loss minimised. */
  readonly goal: 'maximise' | 'minimise';
  /** Trials in all; a grid has a number of its own. */
  readonly trials?: number | undefined;
  /** No trial begins later than so many hours after the sweep did. */
  readonly hours?: number | undefined;
  /** Seeds of the trainings of each trial; its value is their mean. */
  readonly seeds: readonly number[];
  /** Each seed is trained on so many folds of a user's own data, each of them the test split once. Undefined: on its splits. */
  readonly folds?: number | undefined;
  /** Of the search. */
  readonly seed: number;
  /**
   * Of a search that learns: trials are drawn in batches of so many, each knowing the results of all batches before it. The
   * trials are then the same whatever runs them; `batch` of them can run at a time.
   */
  readonly batch: number;
}

const count = schemaOf(COUNT);
const stoppingNames = ['none', 'median', 'asha'] as const;
const stopping = z.union(
  [
    z.enum(stoppingNames).transform((name): Stopping => ({ name })),
    z.strictObject({ name: z.literal('none') }),
    z.strictObject({ name: z.literal('median'), startup: count.optional(), warmup: count.optional() }),
    z.strictObject({ name: z.literal('asha'), eta: z.int().min(2).optional(), min: count.optional() }),
  ],
  {
    error: `one of ${stoppingNames.join(', ')}, or {name: asha, eta: 3, min: 1}, {name: median, startup: 5, warmup: 1}`,
  },
);

/** The keys of a sweep file. */
export const SWEEP_KEYS: readonly string[] = [
  ...[
    'model',
    'settings',
    'space',
    'search',
    'batch',
    'stopping',
    'target',
    'goal',
    'trials',
    'hours',
    'seeds',
    'folds',
    'seed',
  ],
];

/** A sweep file. A number of `seeds` means 1, 2, ... up to it. */
export const sweepSchema: z.ZodType<SweepSpec> = z
  .strictObject({
    model: z.string('the name of a model').min(1, 'the name of a model'),
    settings: z.record(z.string(), z.unknown(), 'an object of settings').default({}),
    space: spaceSchema,
    search: z.enum(['grid', 'random', 'tpe'], 'one of grid, random, tpe').default('random'),
    stopping: stopping.default({ name: 'none' }),
    target: z
      .string('a measure of the validation split')
      .regex(
        /^validation\../,
        'a measure of the validation split, such as validation.elbo (the test split chooses nothing)',
      ),
    goal: z.enum(['maximise', 'minimise'], 'maximise or minimise').optional(),
    trials: count.optional(),
    hours: schemaOf(POSITIVE).optional(),
    seeds: z
      .union(
        [
          count.transform((n) => Array.from({ length: n }, (_, i) => i + 1)),
          z.array(z.int()).min(1, 'a list of one seed or more'),
        ],
        { error: `${COUNT.expects}, or a list of seeds` },
      )
      .default([1]),
    folds: schemaOf(wholeNumber(FOLD_COUNTS)).optional(),
    seed: schemaOf(wholeNumber()).default(1),
    batch: count.default(1),
  })
  .transform((value, context): SweepSpec => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message, params: { sentence: true } });
    const ranges = Object.entries(value.space).filter(
      ([, one]) => !isChoice(one) && !one.integer && one.points === undefined,
    );
    if (value.search === 'grid' && ranges.length > 0) {
      refuse('space', `a grid takes ${ranges[0]![0]} at some points: say how many, such as points: 5, or list them`);
    }
    const seed = value.seeds.find((one, i) => value.seeds.indexOf(one) < i);
    if (seed !== undefined) refuse('seeds', `${seed} stands twice`);
    if (value.search !== 'grid' && value.trials === undefined) {
      refuse('trials', `a ${value.search} search needs a number of trials`);
    }
    const direction = directionOf(value.target.slice(value.target.indexOf('.') + 1));
    const { goal = direction && (direction === 'higher' ? 'maximise' : 'minimise') } = value;
    if (goal === undefined) refuse('goal', `say maximise or minimise: which ${value.target} is better is not known`);
    return { ...value, goal: goal ?? 'minimise' };
  }) as unknown as z.ZodType<SweepSpec>;

/** One of the trainings of a trial. */
export interface Repetition {
  readonly seed: number;
  /** From 0. */
  readonly fold?: number;
  /** Its folder below the trial's, and its name in tables: `seed 2 fold 0` with a blank. */
  readonly name: string;
}

/** The trainings of a trial, whose mean is its value: each seed on each fold. */
export function repetitionsOf({ seeds, folds }: Pick<SweepSpec, 'seeds' | 'folds'>): readonly Repetition[] {
  if (folds === undefined) return seeds.map((seed) => ({ seed, name: `seed ${seed}` }));
  return seeds.flatMap((seed) =>
    Array.from({ length: folds }, (_, fold) => {
      return { seed, fold, name: seeds.length === 1 ? `fold ${fold}` : `seed ${seed} fold ${fold}` };
    }),
  );
}

/** `seed 1`, `3 seeds`, `5 folds`, `2 seeds on 5 folds`. */
export function repetitionText({ seeds, folds }: Pick<SweepSpec, 'seeds' | 'folds'>): string {
  const ofSeeds = seeds.length === 1 ? `seed ${seeds[0]}` : `${seeds.length} seeds`;
  if (folds === undefined) return ofSeeds;
  return seeds.length === 1 ? `${folds} folds` : `${ofSeeds} on ${folds} folds`;
}
