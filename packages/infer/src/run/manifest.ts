import { z } from 'zod';
import type { DataType } from '../arrays/tensor.js';
import { RunFolderError } from '../errors.js';
import { type RunFile, runFile, sha256 } from '../manifest/run-file.js';
import { type TrainingEntry, trainingEntry } from '../manifest/training-entry.js';
import { TOKENISER_NAMES } from '../text/tokenisers.js';

/** The format that this version writes; readers refuse a greater one. */
export const MANIFEST_FORMAT = 1;

/** The manifest's name inside a run folder. It is written last: a folder that has one is a whole run. */
export const MANIFEST_FILE = 'manifest.json';

/** One graph's signature and file. A string in a shape names a free dimension. */
export interface GraphEntry extends RunFile {
  readonly opset: number;
  readonly inputs: Readonly<Record<string, ValueEntry>>;
  readonly outputs: Readonly<Record<string, ValueEntry>>;
  /** Files beside the graph's that hold its weights; of graphs of more than 2 GiB. */
  readonly externalData?: readonly RunFile[] | undefined;
}

export interface ValueEntry {
  readonly dtype: DataType;
  readonly shape: readonly (number | string)[];
}

export interface FileEntry {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A number that was measured, with what it was measured on: never a number alone. */
export interface MetricEntry {
  readonly name: string;
  readonly value: number;
  readonly unit?: string | undefined;
  readonly dataSet?: string | undefined;
  readonly split?: string | undefined;
  /** How many examples it averages over. */
  readonly samples?: number | undefined;
  readonly seed?: number | undefined;
  readonly device?: string | undefined;
  readonly [detail: string]: unknown;
}

/** How an example is laid out and what its values mean. */
export interface ImageEntry {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Values for black and white. */
  readonly range: readonly [number, number];
}

/** What a reader must know to use a model with a latent space, beyond its graphs. */
export interface LatentServe {
  readonly latentDim: number;
  /** Of each latent dimension: N(0, 1), or uniform in [-1, 1]. */
  readonly prior: 'normal' | 'uniform';
  readonly image: ImageEntry;
  /** p(x|z), for the kinds that have one. */
  readonly likelihood?: string | undefined;
  readonly [detail: string]: unknown;
}

/** What a reader must know to use a latent-variable model that is given a class. */
export interface ConditionalServe extends LatentServe {
  /** The name of each class, in the order of their numbers. */
  readonly classes: readonly string[];
}

/** What a reader must know to use a classifier of images. */
export interface ClassifierServe {
  /** The name of each class, in the order of the probabilities. */
  readonly classes: readonly string[];
  /** Length of a feature vector. */
  readonly featureDim: number;
  readonly image: ImageEntry;
  readonly [detail: string]: unknown;
}

/** What a reader must know to use a model that places images as vectors. */
export interface EmbeddingServe {
  /** Length of a vector. */
  readonly embeddingDim: number;
  readonly image: ImageEntry;
  /** How two vectors are compared. */
  readonly metric: 'euclidean' | 'cosine';
  /** Pairs at most this far apart are taken for the same; chosen on the validation split. */
  readonly threshold?: number | undefined;
  readonly [detail: string]: unknown;
}

/** What a reader must know to use a model that predicts the next token of a text. */
export interface LanguageModelServe {
  /** Which of the manifest's vocabularies it speaks. */
  readonly vocabulary: string;
  /** How a text becomes tokens: see `tokeniser`. */
  readonly tokeniser: string;
  /** The most tokens that it sees. */
  readonly blockSize: number;
  /** Sizes of the keys and values that its graphs keep. */
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly [detail: string]: unknown;
}

/** What a reader must know to use a classifier of texts. */
export interface TextClassifierServe {
  /** The name of each class, in the order of the probabilities. */
  readonly classes: readonly string[];
  /** How a text becomes tokens: see `tokeniser`. */
  readonly tokeniser: string;
  /** Which of the manifest's vocabularies it speaks. */
  readonly vocabulary: string;
  /** How many tokens the graph knows: that vocabulary must have as many. */
  readonly vocabularySize: number;
  /** The most tokens of a text. */
  readonly maxLength: number;
  readonly [detail: string]: unknown;
}

/** What a reader must know to use a model that translates sentences. */
export interface TranslatorServe {
  /** How a sentence becomes tokens: see `tokeniser`. */
  readonly tokeniser: string;
  /** Tokens of a source that the graphs read, marks counted; shorter ones are padded. */
  readonly sourceLength: number;
  /** The marks around a source. */
  readonly sourceMarks: { readonly start: boolean; readonly end: boolean };
  /** Tokens of a translation at most, the end mark counted. */
  readonly maxLength: number;
  /** Whether translations end by a mark; without one they all have `maxLength` tokens. */
  readonly end: boolean;
  /** Length of the encoder's vectors. */
  readonly units: number;
  /** Whether the model looks back at the source, and so has attention to show. */
  readonly attention: boolean;
  /** Tokens of the vocabularies `source` and `target` that the graphs were made for. */
  readonly vocabularySizes: { readonly source: number; readonly target: number };
  readonly [detail: string]: unknown;
}

interface ManifestBase {
  readonly format: 1;
  readonly model: string;
  /** ISO 8601. */
  readonly created: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly data: { readonly name: string; readonly files: readonly FileEntry[]; readonly embedded: boolean };
  readonly seed: number;
  readonly device: string;
  readonly engine: string;
  readonly steps: number;
  readonly epochs: number;
  readonly graphs: Readonly<Record<string, GraphEntry>>;
  /** Tokens in the order of their ids, by the name of the vocabulary; for models of text. */
  readonly vocabularies?: Readonly<Record<string, readonly string[]>> | undefined;
  /** How the training can go on without tfjs; of runs that were trained with `--save-step`. */
  readonly training?: TrainingEntry | undefined;
  readonly metrics: readonly MetricEntry[];
  readonly [detail: string]: unknown;
}

/** What a run folder says of itself. `kind` decides the methods of the model that `load` returns. */
export type Manifest =
  | (ManifestBase & { readonly kind: 'latent'; readonly serve: LatentServe })
  | (ManifestBase & { readonly kind: 'generator'; readonly serve: LatentServe })
  | (ManifestBase & { readonly kind: 'conditional'; readonly serve: ConditionalServe })
  | (ManifestBase & { readonly kind: 'classifier'; readonly serve: ClassifierServe })
  | (ManifestBase & { readonly kind: 'text-classifier'; readonly serve: TextClassifierServe })
  | (ManifestBase & { readonly kind: 'language-model'; readonly serve: LanguageModelServe })
  | (ManifestBase & { readonly kind: 'translator'; readonly serve: TranslatorServe })
  | (ManifestBase & { readonly kind: 'embedding'; readonly serve: EmbeddingServe });

// zod compiles its parsers with `new Function`, and a strict page reports the mere attempt. (It looks when a schema is
// made; the user's own schemas keep their setting: see below.)
const { jitless } = z.config();
z.config({ jitless: true });

/** All files that a run is loaded from beside the manifest: its graphs, and what its training goes on with. */
export function runFiles({ graphs, training }: Manifest): readonly RunFile[] {
  return [...graphFiles(graphs), ...(training ? [...Object.values(training.steps), training.state] : [])];
}

/** The files of some graphs, each graph's followed by those that hold its weights. */
export function graphFiles(graphs: Manifest['graphs']): readonly RunFile[] {
  return Object.values(graphs).flatMap((graph) => [graph, ...(graph.externalData ?? [])]);
}

const size = z.int().positive();
const count = z.int().nonnegative();

const values = z.record(
  z.string(),
  z.object({
    dtype: z.enum(['float32', 'int32', 'bool', 'int64']),
    shape: z.array(z.union([count, z.string().min(1)])),
  }),
);

const image = z.object({ height: size, width: size, channels: size, range: z.tuple([z.number(), z.number()]) });

const serve = z.looseObject({
  latentDim: size,
  prior: z.enum(['normal', 'uniform']),
  image,
  likelihood: z.string().optional(),
});

const conditionalServe = serve.extend({ classes: z.array(z.string()).min(2) });

const classifierServe = z.looseObject({ classes: z.array(z.string()).min(2), featureDim: size, image });

const embeddingServe = z.looseObject({
  embeddingDim: size,
  image,
  metric: z.enum(['euclidean', 'cosine']),
  threshold: z.number().optional(),
});

const textClassifierServe = z.looseObject({
  classes: z.array(z.string()).min(2),
  tokeniser: z.enum(TOKENISER_NAMES),
  vocabulary: z.string().min(1),
  vocabularySize: size,
  maxLength: size,
});

const translatorServe = z.looseObject({
  tokeniser: z.enum(TOKENISER_NAMES),
  sourceLength: size,
  sourceMarks: z.object({ start: z.boolean(), end: z.boolean() }),
  maxLength: size,
  end: z.boolean(),
  units: size,
  attention: z.boolean(),
  vocabularySizes: z.object({ source: size, target: size }),
});

const base = z.looseObject({
  format: z.literal(MANIFEST_FORMAT),
  model: z.string().min(1),
  created: z.iso.datetime({ offset: true }),
  versions: z.record(z.string(), z.string()),
  options: z.record(z.string(), z.unknown()),
  data: z.object({
    name: z.string(),
    files: z.array(z.object({ name: z.string(), sha256, bytes: count })),
    embedded: z.boolean(),
  }),
  seed: z.int(),
  device: z.string(),
  engine: z.string(),
  steps: count,
  epochs: z.number().nonnegative(),
  graphs: z.record(
    z.string(),
    z.object({
      ...runFile,
      opset: size,
      inputs: values,
      outputs: values,
      externalData: z.array(z.object(runFile)).optional(),
    }),
  ),
  vocabularies: z.record(z.string(), z.array(z.string()).min(1)).optional(),
  training: trainingEntry.optional(),
  metrics: z.array(
    z.looseObject({
      name: z.string().min(1),
      value: z.number(),
      unit: z.string().optional(),
      dataSet: z.string().optional(),
      split: z.string().optional(),
      samples: count.optional(),
      seed: z.int().optional(),
      device: z.string().optional(),
    }),
  ),
});

const languageModelServe = z.looseObject({
  vocabulary: z.string().min(1),
  tokeniser: z.enum(TOKENISER_NAMES),
  blockSize: size,
  layers: size,
  heads: size,
  headDim: size,
});

/** Checks a manifest, when read and before it is written. Unknown keys are kept; they mean nothing to this version. */
export const manifestSchema: z.ZodType<Manifest> = z.discriminatedUnion('kind', [
  base.extend({ kind: z.literal('latent'), serve }),
  base.extend({ kind: z.literal('generator'), serve }),
  base.extend({ kind: z.literal('conditional'), serve: conditionalServe }),
  base.extend({ kind: z.literal('classifier'), serve: classifierServe }),
  base.extend({ kind: z.literal('text-classifier'), serve: textClassifierServe }),
  base.extend({ kind: z.literal('embedding'), serve: embeddingServe }),
  base.extend({ kind: z.literal('translator'), serve: translatorServe }),
  base.extend({ kind: z.literal('language-model'), serve: languageModelServe }),
]);

z.config({ jitless });

/**
 * A manifest from its JSON text. `from` is what messages call it. Throws RunFolderError: `run-newer` when a later
 * version of this software wrote it, `manifest-invalid` naming the first thing that is wrong.
 */
export function parseManifest(text: string, from: string = MANIFEST_FILE): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunFolderError('manifest-invalid', `${from} is not JSON: ${reason}`, { from }, { cause: error });
  }
  return checkManifest(json, from);
}

/** {@link parseManifest} for a value: the writer's check. */
export function checkManifest(value: unknown, from: string = MANIFEST_FILE): Manifest {
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > MANIFEST_FORMAT) {
    throw new RunFolderError(
      'run-newer',
      `${from} has format ${format}, written by a newer version; this version reads format ${MANIFEST_FORMAT}: update it`,
      { from, format, supported: MANIFEST_FORMAT },
    );
  }
  const result = manifestSchema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const where = path.length > 0 ? `${path.join('.')}: ` : '';
  throw new RunFolderError('manifest-invalid', `${from} is not valid: ${where}${message}`, {
    from,
    issues: result.error.issues,
  });
}
