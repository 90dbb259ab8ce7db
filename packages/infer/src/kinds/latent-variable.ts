import { type Examples, type Rows, toRows } from '../arrays/examples.js';
import type { ImageEntry, ManifestOf } from '../manifest/base.js';
import { size, z } from '../manifest/schema.js';
import type { Decoder, SampleOptions, Samples } from '../methods/latent-space.js';
import type { LikelihoodGraphs } from '../methods/log-likelihood.js';
import { mapRows, rowsPerCall } from '../methods/rows.js';
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

/** Base class of the models that make images of latent vectors. */
export abstract class LatentVariableModel<
  M extends ManifestOf<string, LatentServe> = ManifestOf<string, LatentServe>,
> extends ServedModel<M> {
  /** Images of z from the prior. A snapshot in training shows some. */
  abstract sample(n: number, options?: SampleOptions): Promise<Samples>;

  protected get pixels(): number {
    return pixelsOf(this.manifest.serve.image);
  }

  /** Rows of images. Bernoulli pixels outside [0, 1] have no likelihood: bytes 0 .. 255 would pass for a terrible model. */
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

  protected get likelihoodGraphs(): LikelihoodGraphs {
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
