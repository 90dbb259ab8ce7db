import type { Reading } from '../benchmark.js';
import type { NoNumber } from '../report/result.js';
import type { ServingTask } from '../serving/serving.js';
import type { Clock } from './timing.js';

/** The measurement that a worker process is asked for. Paths, names and numbers only: it travels as JSON. */
export type TaskSpec = { readonly threads: number; readonly budgetMs: number; readonly clock?: Clock } & (
  | {
      /** Training steps of a recipe, compiled or on a backend of tfjs. */
      readonly task: 'steps';
      readonly recipe: string;
      readonly engine: StepEngine;
    }
  /** Time of the arithmetic of a recipe's steps at the pace of a large product of matrices. */
  | { readonly task: 'floor'; readonly recipe: string }
  | {
      /** Compilation, iterations and memory of a recipe with some of its options. */
      readonly task: 'growth';
      readonly recipe: string;
      /** Begins the ids of the numbers. */
      readonly id: string;
      readonly set: Readonly<Record<string, number>>;
      /** Training examples; absent: as many as the embedded data have. */
      readonly examples?: number;
    }
  | {
      /** Importance-sampled log-likelihood of a run. */
      readonly task: 'likelihood';
      readonly recipe: string;
      readonly run: string;
      readonly samples: number;
      /** Images of the test set. */
      readonly images: number;
      /** Measure all images once, too; otherwise their time is projected. */
      readonly all: boolean;
    }
  /** Text from the exported graphs of a language model. */
  | { readonly task: 'generate'; readonly recipe: string; readonly run: string; readonly tokens: number }
  /** Translations by the exported graphs of a translator, greedy, all sentences in one call. */
  | { readonly task: 'translate'; readonly recipe: string; readonly run: string; readonly sentences: number }
  /** The augmentation of a recipe's batches, beside its compiled steps. */
  | { readonly task: 'augment'; readonly recipe: string }
  /** Images through the loader of users' own data; or by sharp alone. The first to come writes them into the folder. */
  | { readonly task: 'images'; readonly folder: string; readonly images: number; readonly alone: boolean }
  /** Memory that a folder of very many small images takes. The folder is written first. */
  | { readonly task: 'many-images'; readonly folder: string; readonly images: number }
  /** Calls of a latent model's API, by row id. */
  | { readonly task: 'serve'; readonly run: string; readonly tasks: Readonly<Record<string, ServingTask>> }
  /** Tracing and writing the graphs of a recipe. */
  | { readonly task: 'export'; readonly recipe: string; readonly out: string }
  /** Single calls of a run's model, on batches of these sizes. */
  | { readonly task: 'inference'; readonly recipe: string; readonly run: string; readonly batches: readonly number[] }
  | {
      /** The same graphs by tfjs. */
      readonly task: 'inference-tfjs';
      readonly recipe: string;
      /** Names of the graphs. */
      readonly methods: readonly string[];
      readonly batches: readonly number[];
      readonly backend: 'wasm' | 'cpu';
      /** Options of the recipe. */
      readonly set: Readonly<Record<string, string>>;
    }
  /** From `load` to the first answer. */
  | { readonly task: 'start'; readonly recipe: string; readonly run: string }
  /** From the files of a run to a model that can be used. */
  | { readonly task: 'load'; readonly recipe: string; readonly run: string }
  /** Makes the run folder that others measure; measures nothing. */
  | {
      readonly task: 'make-run';
      readonly recipe: string;
      readonly out: string;
      /** Write the training step, too. */
      readonly saveStep: boolean;
      /** Options of the recipe. */
      readonly set: Readonly<Record<string, string>>;
    }
);

export type SpecOf<Name extends TaskSpec['task']> = Extract<TaskSpec, { task: Name }>;

export type StepEngine = 'compiled' | 'wasm' | 'cpu' | 'tensorflow';

/** A message of a worker: `ready` once, then one reading for each message that it gets; or `refused`, when it has no numbers. */
export type Answer =
  | { readonly ready: { readonly version: string; readonly threads: number } }
  | { readonly reading: Reading }
  | { readonly refused: NoNumber };
