import { type Examples, toRows } from '../arrays/examples.js';
import type { Manifest } from '../manifest/manifest.js';
import { type Float32Tensor, mapRows, rowsPerCall } from '../methods/rows.js';
import type { CallOptions, Work } from '../methods/work.js';
import { ServedModel } from './model.js';

/** Classes of n images, with their probabilities and features. */
export interface Classification {
  /** p(class | image), [n, classes]; each row sums to 1. */
  readonly probabilities: Float32Tensor;
  /** The most probable class of each image, [n]. */
  readonly labels: Int32Array;
  /** The probability of that class, [n]. */
  readonly confidences: Float32Array;
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
    const { image, classes } = this.manifest.serve;
    const size = image.height * image.width * image.channels;
    const rows = toRows(images, { name: 'images', size, range: image.range });
    // A convolution's first layer is the widest: some dozen channels.
    const perCall = rowsPerCall(session, 16 * size);
    const { probabilities, features } = await mapRows(work, session, 'x', rows, ['probabilities', 'features'], perCall);
    const labels = new Int32Array(rows.count);
    const confidences = new Float32Array(rows.count);
    for (let row = 0; row < rows.count; row++) {
      const of = probabilities.data.subarray(row * classes.length, (row + 1) * classes.length);
      const confidence = of.reduce((largest, value) => Math.max(largest, value), 0);
      labels[row] = of.indexOf(confidence);
      confidences[row] = confidence;
    }
    return { probabilities, labels, confidences, features };
  }
}
