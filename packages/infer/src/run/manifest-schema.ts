import { z } from 'zod';
import { MANIFEST_FORMAT } from '../manifest/base.js';
import type { Manifest } from '../manifest/manifest.js';
import { runFile, sha256 } from '../manifest/run-file.js';
import { trainingEntry } from '../manifest/training-entry.js';
import { withoutEval } from '../manifest/without-eval.js';
import { TOKENISER_NAMES } from '../text/tokenisers.js';

/** Checks a manifest, when read and before it is written. Unknown keys are kept; they mean nothing to this version. */
export const manifestSchema: z.ZodType<Manifest> = withoutEval(() => {
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
      reference: z
        .object({
          format: z.string().min(1),
          path: z.string().min(1),
          options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
          splitRule: z.string().min(1).optional(),
          sha256: sha256.optional(),
        })
        .optional(),
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

  return z.discriminatedUnion('kind', [
    base.extend({ kind: z.literal('latent'), serve }),
    base.extend({ kind: z.literal('generator'), serve }),
    base.extend({ kind: z.literal('conditional'), serve: conditionalServe }),
    base.extend({ kind: z.literal('classifier'), serve: classifierServe }),
    base.extend({ kind: z.literal('text-classifier'), serve: textClassifierServe }),
    base.extend({ kind: z.literal('embedding'), serve: embeddingServe }),
    base.extend({ kind: z.literal('translator'), serve: translatorServe }),
    base.extend({ kind: z.literal('language-model'), serve: languageModelServe }),
  ]);
});
