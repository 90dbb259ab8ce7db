import { allOrFirst } from '../all-or-first.js';
import type { Split } from '../data-set.js';
import type { DataSetDescription, FileDescription, LoadContext } from '../description.js';
import { FormatError } from '../errors.js';
import { imageField, labelField, subset } from '../fields.js';
import { parseIdxBytes } from '../formats/idx.js';

const MIRRORS = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'http://yann.lecun.com/exdb/mnist/',
];

type Hash = readonly [bytes: number, sha256: string];

function idxFile(name: string, [bytes, sha256]: Hash, [gzipBytes, gzipSha256]: Hash): FileDescription {
  const urls = MIRRORS.map((mirror) => `${mirror}${name}.gz`);
  return { name, bytes, sha256, gzip: { bytes: gzipBytes, sha256: gzipSha256 }, urls };
}

/** MNIST: x [28, 28, 1] grey in [0, 1], label 0..9. The last 10,000 of the 60,000 training images are the validation split. */
export const mnist: DataSetDescription = {
  name: 'mnist',
  title: 'MNIST handwritten digits, grey',
  task: 'images, 10 classes',
  source: 'LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition"',
  terms: 'copyright LeCun and Cortes; CC BY-SA 3.0',
  sizes: { train: 50_000, validation: 10_000, test: 10_000 },
  folder: 'mnist',
  files: [
    idxFile(
      'train-images-idx3-ubyte',
      [47_040_016, 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db'],
      [9_912_422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'],
    ),
    idxFile(
      'train-labels-idx1-ubyte',
      [60_008, '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5'],
      [28_881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'],
    ),
    idxFile(
      't10k-images-idx3-ubyte',
      [7_840_016, '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7'],
      [1_648_877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'],
    ),
    idxFile(
      't10k-labels-idx1-ubyte',
      [10_008, 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2'],
      [4_542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'],
    ),
  ],
  async load(context) {
    const [train, test] = await allOrFirst([digits(context, 'train'), digits(context, 't10k')]);
    const { train: trainSize } = mnist.sizes;
    return { train: subset(train, 0, trainSize), validation: subset(train, trainSize, train.size), test };
  },
};

async function digits({ read }: LoadContext, prefix: 'train' | 't10k'): Promise<Split> {
  const [imageFile, labelFile] = await allOrFirst([
    read(`${prefix}-images-idx3-ubyte`),
    read(`${prefix}-labels-idx1-ubyte`),
  ]);
  const images = parseIdxBytes(imageFile, [-1, 28, 28]);
  const labels = parseIdxBytes(labelFile, [images.count]);
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0) {
    const found = `${labels.data[wrong]}`;
    const offset = 8 + wrong; // after the header of a one-dimensional IDX file
    throw new FormatError({ file: labelFile.file, offset, expected: 'a label 0 to 9', found, truncated: false });
  }
  return {
    size: images.count,
    fields: { x: imageField(images.data, [28, 28, 1], 255), label: labelField(labels.data) },
  };
}
