import { type Examples, type Rows, toRows } from '../arrays/examples.js';
import { InputError } from '../errors.js';
import type { ImageEntry, ManifestOf } from '../manifest/base.js';
import { size, withoutEval, z } from '../manifest/schema.js';
import { type Metric, rowDissimilarity } from '../methods/dissimilarity.js';
import { type Float32Tensor, imagesPerCall, mapRows } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
import { image, pixelsOf } from './facts.js';
import type { Kind } from './kind.js';
import { ServedModel } from './model.js';

/** Facts for using a model that maps images to vectors. */
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

export const embedding: Kind<'embedding', EmbeddingServe, EmbeddingModel> = {
  kind: 'embedding',
  serve: withoutEval(() =>
    z.looseObject({
      embeddingDim: size,
      image,
      metric: z.enum(['euclidean', 'cosine']),
      threshold: z.number().optional(),
    }),
  ),
  roles: ({ serve: { embeddingDim, image } }) => ({
    embed: {
      required: true,
      inputs: { x: ['batch', pixelsOf(image)] },
      outputs: { embedding: ['batch', embeddingDim] },
    },
  }),
  create: (context) => new EmbeddingModel(context),
};

export interface VerificationOptions extends CallOptions {
  /** Pairs at most this far apart are the same; default: what the run's training chose. */
  readonly threshold?: number | undefined;
}

/** Whether the two images of each of n pairs show the same. */
export interface Verification {
  /** Pair by pair: dissimilarity <= threshold. */
  readonly same: readonly boolean[];
  /** See {@link EmbeddingModel.compare}. */
  readonly dissimilarity: Float64Array;
  readonly threshold: number;
}

/** Places images as vectors so that those that show the same lie close together. */
export class EmbeddingModel extends ServedModel<ManifestOf<'embedding', EmbeddingServe>> {
  readonly kind = 'embedding';

  /** Images [n, pixels] in the range of `manifest.serve.image` -> vectors [n, embeddingDim]. */
  embed(images: Examples, options: CallOptions = {}): Promise<Float32Tensor> {
    return this.call('embed', options, async (work) => this.#place(work, this.#rows('images', images)));
  }

  /**
   * How unlike the images of each pair are: their embeddings' distance (metric `euclidean`), or one minus the cosine
   * between them (`cosine`, 0 to 2). 0 is no difference.
   *
   * @param a images [n, pixels]
   * @param b images [n, pixels]
   * @returns [n]
   */
  compare(a: Examples, b: Examples, options: CallOptions = {}): Promise<Float64Array> {
    return this.call('compare', options, (work) => this.#compare(work, a, b));
  }

  async #compare(work: Work, a: Examples, b: Examples): Promise<Float64Array> {
    const [left, right] = [this.#rows('a', a), this.#rows('b', b)];
    if (left.count !== right.count) {
      const message = `a and b must have as many images, one of each a pair; they have ${left.count} and ${right.count}`;
      throw new InputError(message, { a: left.count, b: right.count });
    }
    return rowDissimilarity(await this.#place(work, left), await this.#place(work, right), this.metric);
  }

  /** {@link compare}, and a decision for each pair. Throws InputError where neither the caller nor the run has a threshold. */
  verify(a: Examples, b: Examples, options: VerificationOptions = {}): Promise<Verification> {
    return this.call('verify', options, (work) => this.#verify(work, a, b, options.threshold));
  }

  async #verify(work: Work, a: Examples, b: Examples, threshold: number | undefined): Promise<Verification> {
    const limit = threshold ?? this.manifest.serve.threshold;
    if (limit === undefined || !Number.isFinite(limit)) {
      const why = limit === undefined ? `${this.location} was trained without a threshold: give one` : `not ${limit}`;
      throw new InputError(`verify needs a finite threshold; ${why}`, { location: this.location, threshold: limit });
    }
    const dissimilarity = await this.#compare(work, a, b);
    return { same: Array.from(dissimilarity, (value) => value <= limit), dissimilarity, threshold: limit };
  }

  /** How embeddings are compared. */
  get metric(): Metric {
    return this.manifest.serve.metric;
  }

  #rows(name: string, images: Examples): Rows {
    const { image } = this.manifest.serve;
    return toRows(images, { name, size: pixelsOf(image), range: image.range });
  }

  async #place(work: Work, rows: Rows): Promise<Float32Tensor> {
    const session = this.graph('embed');
    const perCall = imagesPerCall(session, rows.data.length / rows.count);
    return (await mapRows(work, session, 'x', rows, ['embedding'], perCall)).embedding;
  }
}
