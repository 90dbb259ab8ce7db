import { describe } from '../arrays/tensor.js';
import { InputError, RunFolderError } from '../errors.js';
import type { ImageEntry, ValueEntry } from '../manifest/base.js';
import type { LatentServe, Manifest, TranslatorServe } from '../manifest/manifest.js';
import { ClassifierModel } from './classifier.js';
import { ConditionalModel } from './conditional.js';
import { EmbeddingModel } from './embedding.js';
import { GeneratorModel } from './generator.js';
import { LanguageModel } from './language-model.js';
import { LatentModel } from './latent.js';
import type { ModelContext } from './model.js';
import { TextClassifierModel } from './text-classifier.js';
import { TranslatorModel } from './translator.js';

/** The model of each kind. */
export interface Models {
  readonly latent: LatentModel;
  readonly generator: GeneratorModel;
  readonly conditional: ConditionalModel;
  readonly classifier: ClassifierModel;
  readonly embedding: EmbeddingModel;
  readonly translator: TranslatorModel;
  readonly 'text-classifier': TextClassifierModel;
  readonly 'language-model': LanguageModel;
}

export type ModelKind = keyof Models;

/** Any loaded model; `kind` tells which. */
export type Model = Models[ModelKind];

/** The kinds that make data from latent vectors: they sample, interpolate and perturb. */
export type GenerativeKind = 'latent' | 'conditional' | 'generator';

/** A model that makes data from latent vectors. */
export type GenerativeModel = Models[GenerativeKind];

type ManifestOf<Kind extends ModelKind> = Extract<Manifest, { kind: Kind }>;
type Shape = readonly (number | string)[];
/** A float32 value by its shape alone, or one of another type. */
type Port = Shape | { readonly dtype: 'int32'; readonly shape: Shape };

/** A graph that a kind's methods run. A free dimension is 'n' or 'k' here; its name in the manifest does not matter. */
interface Role {
  /** Without it the run is not whole; the methods of the others tell when it is missing. */
  readonly required?: boolean;
  readonly inputs: Readonly<Record<string, Port>>;
  readonly outputs: Readonly<Record<string, Port | 'any'>>;
}

interface Kind<K extends ModelKind> {
  roles(manifest: ManifestOf<K>): Readonly<Record<string, Role>>;
  create(context: ModelContext<ManifestOf<K>>): Models[K];
}

/** Adding a kind of model: its manifest in manifest.ts, its class, and its line here. */
const KINDS: { readonly [K in ModelKind]: Kind<K> } = {
  latent: {
    roles: ({ serve }) => latentRoles(serve, {}),
    create: (context) => new LatentModel(context),
  },
  conditional: {
    roles: ({ serve }) => latentRoles(serve, { y: ['n', serve.classes.length] }),
    create: (context) => new ConditionalModel(context),
  },
  generator: {
    roles: ({ serve: { latentDim, image } }) => ({
      generate: { required: true, inputs: { z: ['n', latentDim] }, outputs: { image: ['n', elements(image)] } },
      discriminate: { inputs: { x: ['n', elements(image)] }, outputs: { logit: 'any' } },
    }),
    create: (context) => new GeneratorModel(context),
  },
  classifier: {
    roles: ({ serve: { classes, featureDim, image } }) => ({
      classify: {
        required: true,
        inputs: { x: ['n', elements(image)] },
        outputs: { logits: ['n', classes.length], probabilities: ['n', classes.length], features: ['n', featureDim] },
      },
    }),
    create: (context) => new ClassifierModel(context),
  },
  'text-classifier': {
    roles: ({ serve: { classes } }) => ({
      classify: {
        required: true,
        inputs: { tokens: { dtype: 'int32', shape: ['n', 'k'] } },
        outputs: { probabilities: ['n', classes.length] },
      },
    }),
    create: (context) => new TextClassifierModel(context),
  },
  embedding: {
    roles: ({ serve: { embeddingDim, image } }) => ({
      embed: {
        required: true,
        inputs: { x: ['n', elements(image)] },
        outputs: { embedding: ['n', embeddingDim] },
      },
    }),
    create: (context) => new EmbeddingModel(context),
  },
  translator: {
    roles: ({ serve }) => translatorRoles(serve),
    create: (context) => new TranslatorModel(context),
  },
  'language-model': {
    roles: ({ serve: { layers, heads, headDim, vocabulary }, vocabularies }) => {
      const size = vocabularies?.[vocabulary]?.length ?? 0;
      const kept = [layers, 'n', heads, 'k', headDim];
      const tokens = { dtype: 'int32', shape: ['n', 'k'] } as const;
      return {
        forward: {
          required: true,
          inputs: { tokens },
          outputs: { logits: ['n', 'k', size], keys: kept, values: kept },
        },
        step: {
          required: true,
          inputs: { token: { dtype: 'int32', shape: ['n'] }, keys: kept, values: kept },
          outputs: { logits: ['n', size], nextKeys: kept, nextValues: kept },
        },
      };
    },
    create: (context) => new LanguageModel(context),
  },
};

/** The graphs of a latent-variable model; `given` are inputs that all of them have. */
function latentRoles(
  { latentDim, image }: LatentServe,
  given: Readonly<Record<string, Shape>>,
): Readonly<Record<string, Role>> {
  const x = ['n', elements(image)];
  const z = ['n', latentDim];
  return {
    encode: { required: true, inputs: { x, ...given }, outputs: { mu: z, logVar: z } },
    decode: { required: true, inputs: { z, ...given }, outputs: { mean: x } },
    elbo: { inputs: { x, ...given, noise: z }, outputs: { elbo: ['n'], reconstruction: ['n'], kl: ['n'] } },
    logWeights: {
      inputs: { x, ...given, mu: z, logVar: z, noise: ['n', 'k', latentDim] },
      outputs: { logWeights: ['n', 'k'] },
    },
    logConditional: { inputs: { x, ...given, z: ['k', latentDim] }, outputs: { logProb: ['n', 'k'] } },
  };
}

function translatorRoles({
  sourceLength,
  units,
  attention,
  vocabularySizes,
}: TranslatorServe): Readonly<Record<string, Role>> {
  const source = { dtype: 'int32', shape: ['n', sourceLength] } as const;
  const outputs = ['n', sourceLength, units];
  const state = ['n', units];
  return {
    encode: { required: true, inputs: { source }, outputs: { outputs, state } },
    decodeStep: {
      required: true,
      inputs: { token: { dtype: 'int32', shape: ['n'] }, state, ...(attention && { source, outputs }) },
      outputs: {
        logProbs: ['n', vocabularySizes.target],
        nextState: state,
        ...(attention && { attention: ['n', sourceLength] }),
      },
    },
  };
}

const GENERATIVE: readonly ModelKind[] = ['latent', 'conditional', 'generator'] satisfies GenerativeKind[];

/** Throws InputError unless the model has a latent space; `what` names what was to be done. */
export function requireGenerative(model: Model, what: string): asserts model is GenerativeModel {
  if (GENERATIVE.includes(model.kind)) return;
  const { location, kind } = model;
  throw new InputError(`${location} is of kind ${kind}: it has no latent space to ${what}`, { location, kind });
}

/** Throws RunFolderError when the manifest does not declare the graphs of its kind, with their names and shapes. */
export function checkRoles(manifest: Manifest, location: string): void {
  const roles = (KINDS[manifest.kind] as Kind<ModelKind>).roles(manifest);
  for (const [name, role] of Object.entries(roles)) {
    const graph = manifest.graphs[name];
    if (!graph && role.required) {
      throw new RunFolderError('run-incomplete', `${location} is not whole: its manifest has no graph '${name}'`, {
        location,
        graph: name,
      });
    }
    if (!graph) continue;
    for (const side of ['inputs', 'outputs'] as const) {
      for (const [value, port] of Object.entries(role[side])) {
        const declared = graph[side][value];
        if (declared && (port === 'any' || samePort(declared, port))) continue;
        const found = declared ? describe(declared.dtype, declared.shape) : 'missing';
        const wanted = port === 'any' ? 'present' : describe(portType(port).dtype, portType(port).shape);
        throw new RunFolderError(
          'manifest-invalid',
          `${location}: graph '${name}' of the ${manifest.kind} model must have ${value} ${wanted}; in the manifest it is ${found}`,
          { location, graph: name, value },
        );
      }
    }
  }
}

/** The model of a manifest whose graphs are open. */
export function createModel(context: ModelContext): Model {
  return (KINDS[context.manifest.kind] as Kind<ModelKind>).create(context);
}

function elements({ height, width, channels }: ImageEntry): number {
  return height * width * channels;
}

function portType(port: Port): { readonly dtype: 'float32' | 'int32'; readonly shape: Shape } {
  return 'dtype' in port ? port : { dtype: 'float32', shape: port };
}

function samePort(declared: ValueEntry, port: Port): boolean {
  const { dtype, shape } = portType(port);
  return declared.dtype === dtype && sameShape(declared.shape, shape);
}

function sameShape(declared: Shape, expected: Shape): boolean {
  return (
    declared.length === expected.length &&
    declared.every((size, axis) =>
      typeof size === 'string' ? typeof expected[axis] === 'string' : size === expected[axis],
    )
  );
}
