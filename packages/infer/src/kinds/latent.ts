import { type Examples, positiveInteger, toRows } from '../arrays/examples.js';
import { InputError } from '../errors.js';
import type { ManifestOf } from '../manifest/base.js';
import { withoutEval, z } from '../manifest/schema.js';
import { type ActiveUnits, activeUnitsOf } from '../methods/active-units.js';
import {
  type AnnealedLikelihood,
  type AnnealingGraphs,
  type AnnealingOptions,
  annealedLikelihood,
  annealingSettings,
  type LikelihoodSandwich,
  likelihoodSandwich,
} from '../methods/annealed-likelihood.js';
import {
  type CompressedImages,
  type CompressionGraphs,
  type CompressOptions,
  compress,
  decompress,
} from '../methods/bits-back.js';
import { type Elbo, type ElboOptions, elbo } from '../methods/elbo.js';
import {
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
  plan,
  streamLogLikelihood,
} from '../methods/log-likelihood.js';
import { type Float32Tensor, mapRows, rowsPerCall } from '../methods/rows.js';
import type { CallOptions, WorkOptions } from '../methods/work.js';
import type { Kind } from './kind.js';
import { type LatentServe, LatentVariableModel, latentRoles, latentServe } from './latent-variable.js';
import type { ModelContext } from './model.js';

type LatentManifest = ManifestOf<'latent', LatentServe>;

export const latent: Kind<'latent', LatentServe, LatentModel> = {
  kind: 'latent',
  serve: withoutEval(() => z.looseObject(latentServe)),
  roles: ({ serve }) => latentRoles(serve),
  create: (context) => new LatentModel(context),
};

/** q(z|x) = N(mu, diag exp(logVar)), each [n, latentDim]. */
export interface Posterior {
  readonly mu: Float32Tensor;
  readonly logVar: Float32Tensor;
}

/** `logLikelihood(x)` when all is done; `logLikelihood.stream(x)` part by part. */
export interface LogLikelihoodMethod {
  (x: Examples, options?: LogLikelihoodOptions): Promise<LogLikelihood>;
  stream(x: Examples, options?: LogLikelihoodOptions): AsyncGenerator<LogLikelihoodPart, void, undefined>;
}

/** A latent-variable model with an encoder (a VAE). All likelihoods are in nats. */
export class LatentModel extends LatentVariableModel<LatentManifest> {
  readonly kind = 'latent';

  /**
   * Estimates log p(x) for each example: importance sampling from q(z|x), or naive Monte Carlo from the prior. With
   * standard errors and effective sample sizes; chunked, so that memory grows with neither N nor K.
   */
  readonly logLikelihood: LogLikelihoodMethod;

  constructor(context: ModelContext<LatentManifest>) {
    super(context);
    const stream: LogLikelihoodMethod['stream'] = (x, options = {}) =>
      this.parts('logLikelihood', options, (work) =>
        streamLogLikelihood(work, this.likelihoodGraphs, this.images(x), plan(options)),
      );
    const all = (x: Examples, options: LogLikelihoodOptions = {}): Promise<LogLikelihood> =>
      this.call('logLikelihood', options, async (work) => {
        const rows = this.images(x);
        const planned = plan(options);
        return collect(streamLogLikelihood(work, this.likelihoodGraphs, rows, planned), rows.count, planned);
      });
    this.logLikelihood = Object.assign(all, { stream });
  }

  /** q(z|x) of each image. */
  encode(x: Examples, options: CallOptions = {}): Promise<Posterior> {
    return this.call('encode', options, async (work) => {
      const session = this.graph('encode');
      return mapRows(work, session, 'x', this.images(x), ['mu', 'logVar'], rowsPerCall(session, this.pixels));
    });
  }

  /** The mean of p(x|z), [n, pixels]: for Bernoulli pixels, their probabilities. */
  decode(z: Examples, options: CallOptions = {}): Promise<Float32Tensor> {
    return this.call('decode', options, async (work) => {
      const decoder = this.decoder(work, 'decode', 'mean');
      return decoder.decode(toRows(z, { name: 'z', size: decoder.latentDim }));
    });
  }

  /** Means of p(x|z) for z from the prior (no pixel noise is drawn). */
  sample(n: number, options: SampleOptions = {}): Promise<Samples> {
    return this.call('sample', options, (work) => sample(this.decoder(work, 'decode', 'mean'), n, options));
  }

  /** The evidence lower bound and its two terms. */
  elbo(x: Examples, options: ElboOptions = {}): Promise<Elbo> {
    return this.call('elbo', options, (work) =>
      elbo(work, this.graph('elbo'), this.images(x), this.manifest.serve.latentDim, options),
    );
  }

  /** From b to a, two (or more pairs of) latent vectors, in latent or in data space: see {@link interpolate}. */
  interpolate(a: Examples, b: Examples, options: InterpolateOptions = {}): Promise<Interpolation> {
    return this.call('interpolate', options, (work) =>
      interpolate(this.decoder(work, 'decode', 'mean'), a, b, options),
    );
  }

  /** Images of latent vectors moved along one dimension at a time: see {@link perturb}. */
  perturb(z: Examples, options: PerturbOptions = {}): Promise<Perturbation> {
    return this.call('perturb', options, (work) => perturb(this.decoder(work, 'decode', 'mean'), z, options));
  }

  /** Latent dimensions that tell the images apart: see {@link activeUnitsOf}. */
  activeUnits(x: Examples, options: CallOptions = {}): Promise<ActiveUnits> {
    return this.call('activeUnits', options, async (work) => {
      const rows = this.images(x);
      if (rows.count < 2) throw new InputError('activeUnits compares images: it needs at least two', { count: 1 });
      const session = this.graph('encode');
      const { mu } = await mapRows(work, session, 'x', rows, ['mu'], rowsPerCall(session, this.pixels));
      return activeUnitsOf(mu.data, rows.count);
    });
  }

  /**
   * Lower bounds on log p(x) by annealed importance sampling with Hamiltonian transitions (Neal 2001; Wu et al. 2017): tight
   * where importance sampling from q(z|x) is not.
   *
   * @throws RunFolderError (`graph-missing`) when the run was written without the graph of gradients in z
   */
  annealedLogLikelihood(x: Examples, options: AnnealingOptions = {}): Promise<AnnealedLikelihood> {
    return this.call('annealedLogLikelihood', options, (work) => {
      const [rows, settings] = [this.images(x), annealingSettings(options)];
      return annealedLikelihood(
        work,
        this.#annealingGraphs('annealedLogLikelihood'),
        rows,
        settings,
        options.onProgress,
      );
    });
  }

  /**
   * Lower and upper bounds on log p(x) of `n` images that the model makes: how far annealing is from the truth
   * (bidirectional Monte Carlo, Grosse et al. 2015, 2016).
   *
   * @throws RunFolderError (`graph-missing`) as {@link annealedLogLikelihood}
   */
  likelihoodSandwich(n: number, options: AnnealingOptions = {}): Promise<LikelihoodSandwich> {
    return this.call('likelihoodSandwich', options, (work) => {
      const [count, settings] = [positiveInteger('the number of images', n, 1), annealingSettings(options)];
      return likelihoodSandwich(work, this.#annealingGraphs('likelihoodSandwich'), count, settings, options.onProgress);
    });
  }

  /**
   * Binary images without loss in about minus the ELBO each: see {@link compress}. The bytes can be read again where the
   * graphs give the same bits: with the same run, device, processor and version of onnxruntime.
   */
  compress(x: Examples, options: CompressOptions = {}): Promise<CompressedImages> {
    return this.call('compress', options, (work) =>
      compress(work, this.#compressionGraphs('compress'), this.images(x), options),
    );
  }

  /** The images of {@link compress}, [n, pixels], in their order. @throws InputError when they can't be read here */
  decompress(bytes: Uint8Array, options: WorkOptions = {}): Promise<Float32Tensor> {
    return this.call('decompress', options, (work) =>
      decompress(work, this.#compressionGraphs('decompress'), bytes, options.onProgress),
    );
  }

  #annealingGraphs(what: string): AnnealingGraphs {
    const { latentDim } = this.#requireBernoulli(what);
    return {
      latentDim,
      encode: this.graph('encode'),
      decode: this.graph('decode'),
      logConditionalGradient: this.graph('logConditionalGradient'),
    };
  }

  #compressionGraphs(what: string): CompressionGraphs {
    const { latentDim } = this.#requireBernoulli(what);
    const { encode, decode } = this.manifest.graphs;
    return {
      latentDim,
      pixels: this.pixels,
      encode: this.graph('encode'),
      decode: this.graph('decode'),
      hashes: (encode?.sha256 ?? '') + (decode?.sha256 ?? ''),
    };
  }

  #requireBernoulli(what: string): LatentServe {
    const { serve } = this.manifest;
    if (serve.likelihood === 'bernoulli' && serve.prior === 'normal') return serve;
    throw new InputError(
      `${what} needs Bernoulli pixels and a normal prior; ${this.location} has ${serve.likelihood ?? 'no likelihood'} and ${serve.prior}`,
    );
  }
}
