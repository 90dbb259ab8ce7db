import { InputError } from '../errors.js';
import type { Manifest } from '../kinds/index.js';
import type { AnyKind } from '../kinds/kind.js';
import { kindsWith } from '../kinds/registry.js';
import type { StandardSchema } from '../kinds/standard-schema.js';
import { type AnyManifest, MANIFEST_FORMAT } from '../manifest/base.js';
import { runFile, sha256 } from '../manifest/run-file.js';
import { count, size, withoutEval, z } from '../manifest/schema.js';
import { trainingEntry } from '../manifest/training-entry.js';

/** The entries that the manifests of all kinds have. */
const base = withoutEval(() => {
  const values = z.record(
    z.string(),
    z.object({
      dtype: z.enum(['float32', 'int32', 'bool', 'int64']),
      shape: z.array(z.union([count, z.string().min(1)])),
    }),
  );

  return z.looseObject({
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
    chosen: z
      .object({
        checkpoint: z.enum(['last', 'best']),
        step: count,
        epoch: z.number().nonnegative(),
        monitor: z.string().optional(),
        value: z.number().optional(),
      })
      .optional(),
    stopped: z.object({ by: z.string(), reason: z.string() }).optional(),
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
});

/** Checks manifests of some kinds. Unknown keys are kept; they mean nothing to this version. */
export function manifestSchemaOf(kinds: ReadonlyMap<string, AnyKind>): z.ZodType<AnyManifest> {
  return withoutEval(() => {
    const options = [...kinds.values()].map(({ kind, serve }) =>
      base.extend({ kind: z.literal(kind), serve: serveOf(kind, serve) }),
    );
    return z.discriminatedUnion('kind', options as [(typeof options)[number]]);
  });
}

/** Checks a manifest of infer's kinds, when read and before it is written. */
export const manifestSchema: z.ZodType<Manifest> = manifestSchemaOf(kindsWith()) as z.ZodType<Manifest>;

/** Checks what manifests of all kinds have, for those who do not use the model. */
export const anyManifestSchema: z.ZodType<AnyManifest> = withoutEval(() =>
  base.extend({ kind: z.string().min(1), serve: z.looseObject({}) }),
);

/** The facts of a kind, checked by its own schema. */
function serveOf(kind: string, { '~standard': schema }: StandardSchema<object>): z.ZodType<object> {
  return z.unknown().transform((value, { issues }) => {
    const result = schema.validate(value);
    if (result instanceof Promise) {
      throw new InputError(`the schema of the kind '${kind}' gives a promise: it must check at once`, { kind });
    }
    if (result.issues === undefined) return result.value;
    for (const issue of result.issues) {
      const path = issue.path?.map((part) => (typeof part === 'object' ? part.key : part)) ?? [];
      issues.push({ code: 'custom', input: value, ...issue, path });
    }
    return z.NEVER;
  });
}
