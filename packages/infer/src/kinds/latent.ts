import { type Examples, toRows } from '../arrays/examples.js';
import type { ManifestOf } from '../manifest/base.js';
import { withoutEval, z } from '../manifest/schema.js';
import { type Elbo, type ElboOptions, elbo } from '../methods/elbo.js';
import type { Decoder } from '../methods/latent-space.js';
import type { LogLikelihood, LogLikelihoodOptions, LogLikelihoodPart } from '../methods/log-likelihood.js';
import type { Float32Tensor } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
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
}
