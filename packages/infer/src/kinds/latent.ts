import { type Examples, toRows } from '../arrays/examples.js';
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
import type { Decoder } from '../methods/latent-space.js';
import type { LogLikelihood, LogLikelihoodOptions, LogLikelihoodPart } from '../methods/log-likelihood.js';
import { type Float32Tensor, mapRows, rowsPerCall } from '../methods/rows.js';
import type { CallOptions, Work, WorkOptions } from '../methods/work.js';
import { COUNT, checked } from '../value-rule.js';
import type { Kind } from './kind.js';
import { type LatentServe, latentRoles, latentServe, type Posterior, UnconditionalModel } from './latent-variable.js';
import type { ModelContext } from './model.js';

type LatentManifest = ManifestOf<'latent', LatentServe>;

export const latent: Kind<'latent', LatentServe, LatentModel> = {
  kind: 'latent',
  serve: withoutEval(() => z.looseObject(latentServe)),
  roles: ({ serve }) => latentRoles(serve),
  create: (context) => new LatentModel(context),
};

/** `logLikelihood(x)` when all is done; `logLikelihood.stream(x)` part by part. */
export interface LogLikelihoodMethod {
  (x: Examples, options?: LogLikelihoodOptions): Promise<LogLikelihood>;
  stream(x: Examples, options?: LogLikelihoodOptions): AsyncGenerator<LogLikelihoodPart, void, undefined>;
}

/** A latent-variable model with an encoder (a VAE). All likelihoods are in nats. */
export class LatentModel extends UnconditionalModel<LatentManifest> {
  readonly kind = 'latent';

  /**
   * Estimates log p(x) for each example: importance sampling from q(z|x), or naive Monte Carlo from the prior. With
   * standard errors and effective sample sizes; chunked, so that memory grows with neither N nor K.
   */
  readonly logLikelihood: LogLikelihoodMethod;

  constructor(context: ModelContext<LatentManifest>) {
    super(context);
    const all = (x: Examples, options: LogLikelihoodOptions = {}) => this.estimate(x, options);
    const stream = (x: Examples, options: LogLikelihoodOptions = {}) => this.estimateParts(x, options);
    this.logLikelihood = Object.assign(all, { stream });
  }

  /** q(z|x) of each image. */
  encode(x: Examples, options: CallOptions = {}): Promise<Posterior> {
    return this.call('encode', options, (work) => this.posterior(work, this.images(x)));
  }

  /** The mean of p(x|z), [n, pixels]: for Bernoulli pixels, their probabilities. */
  decode(z: Examples, options: CallOptions = {}): Promise<Float32Tensor> {
    return this.call('decode', options, async (work) => {
      const decoder = this.imagesOf(work);
      return decoder.decode(toRows(z, { name: 'z', size: decoder.latentDim }));
    });
  }

  /** The evidence lower bound and its two terms. */
  elbo(x: Examples, options: ElboOptions = {}): Promise<Elbo> {
    return this.call('elbo', options, (work) =>
      elbo(work, this.graph('elbo'), this.images(x), this.manifest.serve.latentDim, options),
    );
  }

  protected imagesOf(work: Work): Decoder {
    return this.decoder(work, 'decode', 'mean');
  }

  /** Latent dimensions that tell the images apart: see `activeUnitsOf`. */
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
      const [count, settings] = [checked('the number of images', n, COUNT), annealingSettings(options)];
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
