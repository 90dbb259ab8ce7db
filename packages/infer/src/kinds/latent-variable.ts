import { type Examples, type Rows, toRows } from '../arrays/examples.js';
import type { ImageEntry, ManifestOf } from '../manifest/base.js';
import { size, z } from '../manifest/schema.js';
import {
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
  type LikelihoodGraphs,
  type LogLikelihood,
  type LogLikelihoodOptions,
  type LogLikelihoodPart,
  plan,
  streamLogLikelihood,
} from '../methods/log-likelihood.js';
import { type Float32Tensor, mapRows, rowsPerCall } from '../methods/rows.js';
import type { Work } from '../methods/work.js';
import { image, pixelsOf } from './facts.js';
import type { GraphShape, Role } from './kind.js';
import { ServedModel } from './model.js';

/** Facts for using a model with a latent space, beside its graphs. */
export interface LatentServe {
  readonly latentDim: number;
  /** Of each latent dimension: N(0, 1), or uniform in [-1, 1]. */
  readonly prior: 'normal' | 'uniform';
  readonly image: ImageEntry;
  /** p(x|z), for the kinds that have one. */
  readonly likelihood?: string | undefined;
  readonly [detail: string]: unknown;
}

/** Schemas of the entries of {@link LatentServe}. */
export const latentServe: {
  readonly latentDim: z.ZodType<number>;
  readonly prior: z.ZodType<LatentServe['prior']>;
  readonly image: z.ZodType<ImageEntry>;
  readonly likelihood: z.ZodType<string | undefined>;
} = {
  latentDim: size,
  prior: z.enum(['normal', 'uniform']),
  image,
  likelihood: z.string().optional(),
};

/** The graphs of a model with an encoder; `given` are inputs that all of them have. */
export function latentRoles(
  { latentDim, image }: LatentServe,
  given: Readonly<Record<string, GraphShape>> = {},
): Readonly<Record<string, Role>> {
  const x = ['batch', pixelsOf(image)];
  const z = ['batch', latentDim];
  return {
    encode: { required: true, inputs: { x, ...given }, outputs: { mu: z, logVar: z } },
    decode: { required: true, inputs: { z, ...given }, outputs: { mean: x } },
    elbo: {
      inputs: { x, noise: z, ...given },
      outputs: { elbo: ['batch'], reconstruction: ['batch'], kl: ['batch'] },
    },
    logWeights: {
      inputs: { x, mu: z, logVar: z, noise: ['batch', 'samples', latentDim], ...given },
      outputs: { logWeights: ['batch', 'samples'] },
    },
    logConditional: {
      inputs: { x, z: ['samples', latentDim], ...given },
      outputs: { logProb: ['batch', 'samples'] },
    },
    logConditionalGradient: {
      inputs: { x, z, ...given },
      outputs: { logProb: ['batch'], gradient: z },
    },
  };
}

/** q(z|x) = N(mu, diag exp(logVar)), each [n, latentDim]. */
export interface Posterior {
  readonly mu: Float32Tensor;
  readonly logVar: Float32Tensor;
}

/** Base class of the models that make images of latent vectors. */
export abstract class LatentVariableModel<
  M extends ManifestOf<string, LatentServe> = ManifestOf<string, LatentServe>,
> extends ServedModel<M> {
  /** Images of z from the prior. A snapshot in training shows some. */
  abstract sample(n: number, options?: SampleOptions): Promise<Samples>;

  protected get pixels(): number {
    return pixelsOf(this.manifest.serve.image);
  }

  /** Rows of images. Bernoulli pixels outside [0, 1] have no likelihood: bytes 0 .. 255 would give a finite, meaningless one. */
  protected images(x: Examples): Rows {
    const { likelihood, image } = this.manifest.serve;
    return toRows(x, { name: 'x', size: this.pixels, range: likelihood === 'bernoulli' ? image.range : undefined });
  }

  /**
   * Latent vectors as images.
   *
   * @param beside further inputs of the graph for so many rows
   */
  protected decoder(
    work: Work,
    graph: string,
    output: string,
    beside: (rows: number) => Readonly<Record<string, Rows>> = () => ({}),
  ): Decoder {
    const session = this.graph(graph);
    const { latentDim, prior } = this.manifest.serve;
    const perCall = rowsPerCall(session, this.pixels);
    return {
      latentDim,
      elements: this.pixels,
      prior,
      decode: async (z) => (await mapRows(work, session, 'z', z, [output], perCall, beside(z.count)))[output]!,
    };
  }

  /** q(z|x): the mean and the logarithm of the variance of each row. */
  protected posterior(work: Work, x: Rows, beside: Readonly<Record<string, Rows>> = {}): Promise<Posterior> {
    const session = this.graph('encode');
    return mapRows(work, session, 'x', x, ['mu', 'logVar'], rowsPerCall(session, this.pixels), beside);
  }

  /** An estimate of log p(x), in parts. `given` are classes as one-hot rows, for a model that is given them. */
  protected estimateParts(
    x: Examples,
    options: LogLikelihoodOptions,
    given: (rows: Rows) => Rows | undefined = () => undefined,
  ): AsyncGenerator<LogLikelihoodPart, void, undefined> {
    return this.parts('logLikelihood', options, (work) => {
      const rows = this.images(x);
      const planned = plan(options);
      return streamLogLikelihood(work, this.#likelihoodGraphs, rows, planned, given(rows));
    });
  }

  /** The same, collected. */
  protected estimate(
    x: Examples,
    options: LogLikelihoodOptions,
    given: (rows: Rows) => Rows | undefined = () => undefined,
  ): Promise<LogLikelihood> {
    return this.call('logLikelihood', options, async (work) => {
      const rows = this.images(x);
      const planned = plan(options);
      const parts = streamLogLikelihood(work, this.#likelihoodGraphs, rows, planned, given(rows));
      return collect(parts, planned);
    });
  }

  get #likelihoodGraphs(): LikelihoodGraphs {
    const { latentDim, prior } = this.manifest.serve;
    return {
      latentDim,
      prior,
      encode: () => this.graph('encode'),
      logWeights: () => this.graph('logWeights'),
      logConditional: () => this.graph('logConditional'),
    };
  }
}

/** Base class of those among them whose images follow from the latent vectors alone. */
export abstract class UnconditionalModel<
  M extends ManifestOf<string, LatentServe> = ManifestOf<string, LatentServe>,
> extends LatentVariableModel<M> {
  /** The decoder of one call. */
  protected abstract imagesOf(work: Work): Decoder;

  /**
   * Images of z from the prior, in the model's own range (`manifest.serve.image.range`): means of p(x|z) where the model has a
   * likelihood; no pixel noise is drawn.
   */
  sample(n: number, options: SampleOptions = {}): Promise<Samples> {
    return this.call('sample', options, (work) => sample(this.imagesOf(work), n, options));
  }

  /** From b to a, two (or more pairs of) latent vectors, in latent or in data space: see {@link interpolate}. */
  interpolate(a: Examples, b: Examples, options: InterpolateOptions = {}): Promise<Interpolation> {
    return this.call('interpolate', options, (work) => interpolate(this.imagesOf(work), a, b, options));
  }

  /** Images of latent vectors moved along one dimension at a time: see {@link perturb}. */
  perturb(z: Examples, options: PerturbOptions = {}): Promise<Perturbation> {
    return this.call('perturb', options, (work) => perturb(this.imagesOf(work), z, options));
  }
}
