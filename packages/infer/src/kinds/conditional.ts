import { type Examples, positiveInteger, type Rows, toRows } from '../arrays/examples.js';
import { type Labels, oneHot, toLabels } from '../arrays/labels.js';
import type { ManifestOf } from '../manifest/base.js';
import { withoutEval, z } from '../manifest/schema.js';
import { type Elbo, type ElboOptions, elbo } from '../methods/elbo.js';
import {
  checkSize,
  type Decoder,
  type InterpolateOptions,
  type Interpolation,
  interpolate,
  type Perturbation,
  type PerturbOptions,
  perturb,
  type SampleOptions,
  type Samples,
  sample,
} from '../methods/latent-space.js';
import {
  collect,
  type LogLikelihood,
  type LogLikelihoodOptions,
  type LogLikelihoodPart,
  type Plan,
  plan,
  streamLogLikelihood,
} from '../methods/log-likelihood.js';
import { type Float32Tensor, mapRows, rowsPerCall } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
import { classes } from './facts.js';
import type { Kind } from './kind.js';
import type { Posterior } from './latent.js';
import { type LatentServe, LatentVariableModel, latentRoles, latentServe } from './latent-variable.js';
import type { ModelContext } from './model.js';

/** Facts for using a latent-variable model that is given a class. */
export interface ConditionalServe extends LatentServe {
  /** The name of each class, in the order of their numbers. */
  readonly classes: readonly string[];
}

type ConditionalManifest = ManifestOf<'conditional', ConditionalServe>;

export const conditional: Kind<'conditional', ConditionalServe, ConditionalModel> = {
  kind: 'conditional',
  serve: withoutEval(() => z.looseObject({ ...latentServe, classes })),
  roles: ({ serve }) => latentRoles(serve, { y: ['batch', serve.classes.length] }),
  create: (context) => new ConditionalModel(context),
};

/** `logLikelihood(x, labels)` when all is done; `logLikelihood.stream(x, labels)` part by part. */
export interface ConditionalLogLikelihoodMethod {
  (x: Examples, labels: Labels, options?: LogLikelihoodOptions): Promise<LogLikelihood>;
  stream(
    x: Examples,
    labels: Labels,
    options?: LogLikelihoodOptions,
  ): AsyncGenerator<LogLikelihoodPart, void, undefined>;
}

/** The classes to make images of. */
export interface GivenLabels {
  /** One per vector (pair of vectors), or one for all. Default: all classes in turn, 0, 1 .. */
  readonly labels?: Labels | undefined;
}

/**
 * A latent-variable model of x given a class y (a conditional VAE): q(z|x,y), p(x|z,y), p(z) = N(0, I). Labels are class
 * numbers from 0; any other is an InputError. All likelihoods are of x given y, in nats.
 */
export class ConditionalModel extends LatentVariableModel<ConditionalManifest> {
  readonly kind = 'conditional';

  /** Estimates log p(x|y) for each example: see `LatentModel.logLikelihood`. */
  readonly logLikelihood: ConditionalLogLikelihoodMethod;

  constructor(context: ModelContext<ConditionalManifest>) {
    super(context);
    const stream: ConditionalLogLikelihoodMethod['stream'] = (x, labels, options = {}) =>
      this.parts('logLikelihood', options, (work) => this.#stream(work, this.images(x), labels, plan(options)));
    const all = (x: Examples, labels: Labels, options: LogLikelihoodOptions = {}): Promise<LogLikelihood> =>
      this.call('logLikelihood', options, async (work) => {
        const rows = this.images(x);
        const planned = plan(options);
        return collect(this.#stream(work, rows, labels, planned), planned);
      });
    this.logLikelihood = Object.assign(all, { stream });
  }

  /** q(z|x,y) of each image and its label. */
  encode(x: Examples, labels: Labels, options: CallOptions = {}): Promise<Posterior> {
    return this.call('encode', options, async (work) => {
      const session = this.graph('encode');
      const rows = this.images(x);
      const perCall = rowsPerCall(session, this.pixels);
      return mapRows(work, session, 'x', rows, ['mu', 'logVar'], perCall, { y: this.#given(labels, rows.count) });
    });
  }

  /** The mean of p(x|z,y), [n, pixels]. */
  decode(z: Examples, labels: Labels, options: CallOptions = {}): Promise<Float32Tensor> {
    return this.call('decode', options, async (work) => {
      const rows = toRows(z, { name: 'z', size: this.manifest.serve.latentDim });
      return this.#decoder(work, labels, rows.count, (row) => row).decode(rows);
    });
  }

  /** Means of p(x|z,y) for z from the prior. */
  sample(n: number, options: SampleOptions & GivenLabels = {}): Promise<Samples> {
    return this.call('sample', options, async (work) => {
      const count = positiveInteger('the number of samples', n, 1);
      checkSize(count, { elements: this.pixels });
      const decoder = this.#decoder(work, options.labels, count, (row) => row);
      return sample(decoder, count, options);
    });
  }

  /** The evidence lower bound on log p(x|y) and its two terms. */
  elbo(x: Examples, labels: Labels, options: ElboOptions = {}): Promise<Elbo> {
    return this.call('elbo', options, async (work) => {
      const rows = this.images(x);
      const y = this.#given(labels, rows.count);
      return elbo(work, this.graph('elbo'), rows, this.manifest.serve.latentDim, options, y);
    });
  }

  /** From b to a, each pair under one label: see {@link interpolate}. */
  interpolate(a: Examples, b: Examples, options: InterpolateOptions & GivenLabels = {}): Promise<Interpolation> {
    return this.call('interpolate', options, async (work) => {
      const { count } = toRows(a, { name: 'a', size: this.manifest.serve.latentDim });
      // The steps of a pair follow one another.
      const pairOf = (row: number, rows: number) => Math.floor((row * count) / rows);
      return interpolate(this.#decoder(work, options.labels, count, pairOf), a, b, options);
    });
  }

  /** Images of latent vectors moved along one dimension at a time, each under its label: see {@link perturb}. */
  perturb(z: Examples, options: PerturbOptions & GivenLabels = {}): Promise<Perturbation> {
    return this.call('perturb', options, async (work) => {
      const { count } = toRows(z, { name: 'z', size: this.manifest.serve.latentDim });
      const decoder = this.#decoder(work, options.labels, count, (row) => row % count);
      return perturb(decoder, z, options);
    });
  }

  #stream(work: Work, rows: Rows, labels: Labels, planned: Plan) {
    return streamLogLikelihood(work, this.likelihoodGraphs, rows, planned, this.#given(labels, rows.count));
  }

  #given(labels: Labels, count: number): Rows {
    const { classes } = this.manifest.serve;
    return oneHot(toLabels(labels, count, classes), classes.length);
  }

  /** Decodes every row under the label of the vector that it was made from. */
  #decoder(
    work: Work,
    labels: Labels | undefined,
    vectors: number,
    vectorOf: (row: number, rows: number) => number,
  ): Decoder {
    const { classes } = this.manifest.serve;
    const inTurn = Array.from({ length: vectors }, (_, vector) => vector % classes.length);
    const given = toLabels(labels ?? inTurn, vectors, classes);
    return this.decoder(work, 'decode', 'mean', (rows) => {
      const each = Int32Array.from({ length: rows }, (_, row) => given[vectorOf(row, rows)]!);
      return { y: oneHot(each, classes.length) };
    });
  }
}
