import type { StepRandom, tf } from '@onnx-forge/export';
import type { AnyKind, KindReference } from '@onnx-forge/infer';
import type { DataSet } from '../data/data-set.js';
import { type DataFacts, dataFacts } from '../data/facts.js';
import { TrainError } from '../errors.js';
import type { Figure } from '../figures/figure.js';
import type { Monitor } from '../kinds/monitor.js';
import { type Served, type ServedWithFacts, servedOf } from '../kinds/served.js';
import type { Initializers } from '../layers/initializers.js';
import type { Networks } from '../layers/network.js';
import type { Measure } from '../measures/measure.js';
import {
  type OptionDefaults,
  type OptionSchema,
  type OptionSpec,
  type OptionsOf,
  type OptionValues,
  requireTogether,
  resolveOptions,
  schemaOf,
  withDefaults,
} from '../options/option.js';
import { TRAINING_OPTIONS } from '../options/training.js';
import type { InputSpec } from './inputs.js';

/** The tensors of a batch, each [batch, ...]. */
export type BatchTensors<Input extends string = string> = Readonly<Record<Input, tf.Tensor>>;

/** Metrics of a step: the loss that is differentiated, and anything else worth a curve. All are batch means. */
export type StepMetrics = { readonly loss: tf.Scalar } & { readonly [metric: string]: tf.Scalar };

/** An optimizer whose learning rate stays what it is, whatever the schedule. Made by {@link fixedRate}. */
export class FixedRate {
  constructor(readonly optimizer: tf.Optimizer) {}
}

/** Keeps the schedule away from an optimizer's learning rate. */
export function fixedRate(optimizer: tf.Optimizer): FixedRate {
  return new FixedRate(optimizer);
}

/** One for all networks that a step updates, or one for each by name. */
export type Optimizers<Net extends string = string> =
  | tf.Optimizer
  | FixedRate
  | Readonly<Partial<Record<Net, tf.Optimizer | FixedRate>>>;

/** One update: a loss, the networks that it moves, and the optimizer that moves them. */
export interface Step<Nets extends Networks = Networks, Input extends string = string, Options = OptionValues> {
  /** Only these networks get gradients; the others are constants here. `all`: every network that there is. */
  readonly updates: readonly (keyof Nets & string)[] | 'all';
  optimizer(options: Options): Optimizers<keyof Nets & string>;
  /**
   * Gradients are scaled down to at most this norm, taken over all weights of the step together. The option `clipNorm`, above 0, is
   * used instead.
   */
  clipNorm?(options: Options): number;
  /** How often it runs in an iteration, every further time on a new batch; default 1. Metrics are means over them. */
  times?(options: Options): number;
  /** A pure function of its arguments; all randomness comes from `rng`. */
  loss(nets: Nets, batch: BatchTensors<Input>, rng: StepRandom, options: Options): StepMetrics;
}

/** When sample grids are taken during training; the end of training always is one. */
export interface SnapshotSchedule {
  /** After every so many iterations. */
  readonly everySteps?: number;
  /** After these iterations; 0 is before training. */
  readonly atSteps?: readonly number[];
  /** After these epochs. */
  readonly atEpochs?: readonly number[];
}

/** Options that every recipe has. */
export interface CommonOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** `TRAINING_OPTIONS` */
  readonly shuffle: boolean;
  readonly averaging: number;
  readonly clipNorm: number;
}

/** Data that a recipe can be trained on. */
export interface RecipeData {
  /** Name of the real data set. */
  readonly real: string;
  /** Name of the generated stand-in, which needs no files. */
  readonly embedded: string;
  /** Data of a user's own that it takes, as a phrase: `images, 28 x 28 in grey (--resize 28x28 --grey)`. */
  readonly own?: string;
}

/** One system, written like its paper. See {@link defineRecipe}. */
export interface RecipeDefinition<
  Defaults extends OptionDefaults,
  Nets extends Networks,
  Input extends string,
  Kind extends KindReference,
> {
  readonly name: string;
  /** The task that is learned, in a few words. */
  readonly task: string;
  /** The paper or assignment that settings and architecture are from. */
  readonly source: string;
  readonly data: RecipeData;
  /** Hyper-parameters with their defaults. A default under a name of `TRAINING_OPTIONS` replaces that one's. */
  readonly options: Defaults & { readonly epochs: number | OptionSpec; readonly batchSize: number | OptionSpec };
  /** Named sets of options, such as `small`. */
  readonly presets?: Readonly<Record<string, Partial<OptionsOf<Defaults>>>>;
  /** The tensors of a batch; their shapes may depend on the options. */
  readonly batch:
    | Readonly<Record<Input, InputSpec>>
    | ((options: OptionsOf<NoInfer<Defaults>>, facts: DataFacts) => Readonly<Record<Input, InputSpec>>);
  /** A change of the whole data set, such as binarisation; it must leave a set alone that is fine already. */
  prepare?(dataSet: DataSet, options: OptionsOf<NoInfer<Defaults>>): DataSet;

  nets(options: OptionsOf<Defaults>, init: Initializers, facts: DataFacts): Nets;
  /** Run in this order in every iteration, on the same batch (but see {@link Step.times}). */
  readonly steps: Readonly<Record<string, Step<NoInfer<Nets>, NoInfer<Input>, OptionsOf<NoInfer<Defaults>>>>>;
  snapshots?(options: OptionsOf<Defaults>): SnapshotSchedule;
  /** Kinds of model of one's own that `serves` gives, made by infer's `defineKind`. Infer's own need no mention. */
  readonly kinds?: readonly AnyKind[];
  /**
   * Files without which the recipe can't be made again, by name: a run has them in its folder `base`.
   */
  readonly keeps?: Readonly<Record<string, Uint8Array>>;
  /** Use of the trained model: its kind, the facts that infer needs, and its inference graphs. */
  serves(
    nets: NoInfer<Nets>,
    options: OptionsOf<NoInfer<Defaults>>,
    facts: DataFacts,
  ): Served<Kind> | ServedWithFacts<Kind>;
  /** Measured beside validation, before training and after each epoch, and logged with it. */
  readonly watch?: Measure<Kind, OptionsOf<NoInfer<Defaults>>>;
  /** @deprecated Use `watch`. */
  readonly monitor?: Monitor<OptionsOf<NoInfer<Defaults>>>;
  /** Measures the trained run. */
  readonly evaluate?: Measure<Kind, OptionsOf<NoInfer<Defaults>>>;
  readonly figures?: Readonly<Record<string, Figure<Kind>>>;
}

/** A recipe as the trainer sees it. */
export interface Recipe {
  readonly name: string;
  readonly task: string;
  readonly source: string;
  readonly data: RecipeData;
  readonly options: OptionSchema;
  readonly presets: Readonly<Record<string, OptionValues>>;
  /** `facts` of the data, where they are known: they decide no shape, only which values are refused. */
  batch(options: OptionValues, facts?: DataFacts): Readonly<Record<string, InputSpec>>;
  prepare(dataSet: DataSet, options: OptionValues): DataSet;
  nets(options: OptionValues, init: Initializers, facts: DataFacts): Networks;
  readonly steps: Readonly<Record<string, Step>>;
  snapshots(options: OptionValues): SnapshotSchedule;
  /** Of one's own, beside infer's. */
  readonly kinds: readonly AnyKind[];
  /** Files that a run keeps in its folder `base`. */
  readonly keeps?: Readonly<Record<string, Uint8Array>>;
  serves(nets: Networks, options: OptionValues, facts: DataFacts): Served;
  readonly watch?: Measure;
  /** @deprecated Use `watch`. */
  readonly monitor?: Monitor;
  readonly evaluate?: Measure;
  readonly figures: Readonly<Record<string, Figure>>;
}

/**
 * Declares a system: hyper-parameters, data, networks, losses, inference graphs, evaluation, figures. The trainer does
 * everything else. Functions see typed options, networks and batches.
 *
 * @throws TrainError (`recipe-invalid`) when a name can't be a folder's or there is no step
 */
export function defineRecipe<
  Defaults extends OptionDefaults,
  Nets extends Networks,
  Input extends string,
  Kind extends KindReference,
>(definition: RecipeDefinition<Defaults, Nets, Input, Kind>): Recipe {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(definition.name)) {
    const message = `a recipe's name is made of a-z, 0-9 and '-', not '${definition.name}'`;
    throw new TrainError('recipe-invalid', message, { name: definition.name });
  }
  if (Object.keys(definition.steps).length === 0) {
    throw new TrainError('recipe-invalid', `recipe '${definition.name}' has no step`, { name: definition.name });
  }
  // From here on the types of one recipe are forgotten: the trainer pairs its functions only with its own networks.
  const recipe = definition as unknown as Recipe;
  return {
    ...recipe,
    options: { ...schemaOf(definition.options), ...withDefaults(TRAINING_OPTIONS, definition.options) },
    presets: recipe.presets ?? {},
    batch: (options, facts = dataFacts({})) => {
      const { batch } = definition;
      return typeof batch === 'function' ? batch(options as OptionsOf<Defaults>, facts) : batch;
    },
    prepare: (dataSet, options) => definition.prepare?.(dataSet, options as OptionsOf<Defaults>) ?? dataSet,
    snapshots: (options) => definition.snapshots?.(options as OptionsOf<Defaults>) ?? {},
    kinds: recipe.kinds ?? [],
    serves(nets, options, facts) {
      const served = servedOf(recipe.serves(nets, options, facts));
      requireListed(recipe, served.kind);
      return served;
    },
    figures: recipe.figures ?? {},
  };
}

/** A run is loaded without its networks, so the recipe itself must tell of a kind that infer does not know. */
function requireListed({ name, kinds = [] }: Partial<Recipe>, kind: KindReference): void {
  if (typeof kind === 'string' || kinds.includes(kind)) return;
  const message = `recipe '${name}' serves the kind '${kind.kind}', which is not among its kinds: add it (kinds: [...])`;
  throw new TrainError('recipe-invalid', message, { name, kind: kind.kind });
}

/**
 * A recipe's options: defaults, then those `before` (of a run that is resumed), then a preset, then single values (typed,
 * or text from a command line).
 *
 * @throws TrainError that names the option or preset and the nearest one
 */
export function recipeOptions(
  recipe: Recipe,
  { preset, set = {} }: { preset?: string | undefined; set?: Readonly<Record<string, unknown>> } = {},
  before: OptionValues = {},
): OptionValues & CommonOptions {
  const owner = ownerOf(recipe);
  const chosen = preset === undefined ? {} : Object.hasOwn(recipe.presets, preset) ? recipe.presets[preset] : undefined;
  if (chosen === undefined) {
    const known = Object.keys(recipe.presets).join(', ') || 'none';
    throw new TrainError('option-unknown', `${owner} has no preset '${preset}'; presets: ${known}`, { preset });
  }
  return resolveOptions(recipe.options, { ...before, ...chosen, ...set }, owner) as OptionValues & CommonOptions;
}

/** Whether options of a new training make sense together; a trained run keeps those that it has. @throws TrainError (`option-invalid`) */
export function requireTrainable(recipe: Recipe, options: OptionValues): void {
  requireTogether(recipe.options, options, ownerOf(recipe));
}

function ownerOf({ name }: Recipe): string {
  return `recipe '${name}'`;
}
