import { type Examples, toRows } from '../arrays/examples.js';
import type { ImageEntry, ManifestOf } from '../manifest/base.js';
import { size, withoutEval, z } from '../manifest/schema.js';
import { type MostProbable, mostProbable } from '../methods/most-probable.js';
import { type Float32Tensor, imagesPerCall, mapRows } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
import { classes, image, pixelsOf } from './facts.js';
import type { Kind } from './kind.js';
import { ServedModel } from './model.js';

/** Facts for using a classifier of images. */
export interface ClassifierServe {
  /** The name of each class, in the order of the probabilities. */
  readonly classes: readonly string[];
  /** Length of a feature vector. */
  readonly featureDim: number;
  readonly image: ImageEntry;
  readonly [detail: string]: unknown;
}

export const classifier: Kind<'classifier', ClassifierServe, ClassifierModel> = {
  kind: 'classifier',
  serve: withoutEval(() => z.looseObject({ classes, featureDim: size, image })),
  roles({ serve: { classes, featureDim, image } }) {
    const each = ['batch', classes.length];
    return {
      classify: {
        required: true,
        inputs: { x: ['batch', pixelsOf(image)] },
        outputs: { logits: each, probabilities: each, features: ['batch', featureDim] },
      },
    };
  },
  create: (context) => new ClassifierModel(context),
};

/** Classes of n images, with their probabilities and features. */
export interface Classification extends MostProbable {
  /** p(class | image), [n, classes]; each row sums to 1. */
  readonly probabilities: Float32Tensor;
  /** The last hidden layer, [n, featureDim]: images that look alike lie close together. */
  readonly features: Float32Tensor;
}

/** Tells which class an image is of, and places it in a feature space. */
export class ClassifierModel extends ServedModel<ManifestOf<'classifier', ClassifierServe>> {
  readonly kind = 'classifier';

  /** Classifies images [n, pixels] in the range of `manifest.serve.image`. */
  classify(images: Examples, options: CallOptions = {}): Promise<Classification> {
    return this.call('classify', options, (work) => this.#classify(work, images));
  }

  async #classify(work: Work, images: Examples): Promise<Classification> {
    const session = this.graph('classify');
    const { image } = this.manifest.serve;
    const size = pixelsOf(image);
    const rows = toRows(images, { name: 'images', size, range: image.range });
    const perCall = imagesPerCall(session, size);
    const { probabilities, features } = await mapRows(work, session, 'x', rows, ['probabilities', 'features'], perCall);
    return { probabilities, ...mostProbable(probabilities), features };
  }
}
