import { type Examples, toRows } from '../arrays/examples.js';
import type { Manifest } from '../manifest/manifest.js';
import { type MostProbable, mostProbable } from '../methods/most-probable.js';
import { type Float32Tensor, imagesPerCall, mapRows } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
import { ServedModel } from './model.js';

/** Classes of n images, with their probabilities and features. */
export interface Classification extends MostProbable {
  /** p(class | image), [n, classes]; each row sums to 1. */
  readonly probabilities: Float32Tensor;
  /** The last hidden layer, [n, featureDim]: images that look alike lie close together. */
  readonly features: Float32Tensor;
}

/** Tells which class an image is of, and places it in a feature space. */
export class ClassifierModel extends ServedModel<Extract<Manifest, { kind: 'classifier' }>> {
  readonly kind = 'classifier';

  /** Classifies images [n, pixels] in the range of `manifest.serve.image`. */
  classify(images: Examples, options: CallOptions = {}): Promise<Classification> {
    return this.call('classify', options, (work) => this.#classify(work, images));
  }

  async #classify(work: Work, images: Examples): Promise<Classification> {
    const session = this.graph('classify');
    const { image } = this.manifest.serve;
    const size = image.height * image.width * image.channels;
    const rows = toRows(images, { name: 'images', size, range: image.range });
    const perCall = imagesPerCall(session, size);
    const { probabilities, features } = await mapRows(work, session, 'x', rows, ['probabilities', 'features'], perCall);
    return { probabilities, ...mostProbable(probabilities), features };
  }
}
