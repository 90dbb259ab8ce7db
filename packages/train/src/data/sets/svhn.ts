import type { Split } from '../data-set.js';
import type { DataSetDescription, FileDescription, LoadContext } from '../description.js';
import { FormatError } from '../errors.js';
import { arrangedImageField, labelField, subset } from '../fields.js';
import type { FileContent } from '../formats/gzip.js';
import { type MatArray, parseMat } from '../formats/mat.js';

const SIZE = 32;

function matFile(name: string, bytes: number, sha256: string): FileDescription {
  return { name, bytes, sha256, urls: [`http://ufldl.stanford.edu/housenumbers/${name}`] };
}

/** Street View House Numbers, cropped digits: x [32, 32, 3] in [0, 1], label 0..9. The last 7,257 training images are the validation split. */
export const svhn: DataSetDescription = {
  name: 'svhn',
  title: 'Street View House Numbers, cropped digits',
  task: 'colour images, 10 classes',
  source: 'Netzer et al. 2011, "Reading digits in natural images with unsupervised feature learning"',
  terms: 'for non-commercial use only',
  sizes: { train: 66_000, validation: 7_257, test: 26_032 },
  folder: 'svhn',
  files: [
    matFile('train_32x32.mat', 182_040_794, '435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8'),
    matFile('test_32x32.mat', 64_275_384, 'cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b'),
  ],
  async load({ read }: LoadContext) {
    const train = await parseSvhn(await read('train_32x32.mat'));
    const test = await parseSvhn(await read('test_32x32.mat'));
    return { train: subset(train, 0, svhn.sizes.train), validation: subset(train, svhn.sizes.train, train.size), test };
  },
};

/**
 * The arrays X, uint8 [32, 32, 3, N], and y, [N, 1] with labels 1 to 10, of which 10 is the digit 0.
 *
 * @throws FormatError when they are not there or not so
 */
export async function parseSvhn(content: FileContent): Promise<Split> {
  const arrays = await parseMat(content);
  const fail = (expected: string, found: string): never => {
    throw new FormatError({ file: content.file, offset: 128, expected, found, truncated: false });
  };
  const describe = (array: MatArray | undefined) => (array ? `[${array.dims.join(', ')}]` : 'no such array');
  const [X, y] = [arrays.get('X'), arrays.get('y')];
  const count = X?.dims[3] ?? 0;
  if (!X || `${X.dims.slice(0, 3)}` !== `${[SIZE, SIZE, 3]}` || X.dims.length !== 4 || X.data instanceof Float64Array) {
    return fail('an array X of bytes [32, 32, 3, N]', describe(X));
  }
  if (!y || y.data.length !== count) return fail(`an array y of ${count} labels`, describe(y));
  const wrong = y.data.findIndex((label) => !(Number.isInteger(label) && label >= 1 && label <= 10));
  if (wrong >= 0) return fail('labels 1 to 10', `${y.data[wrong]} for image ${wrong}`);
  return {
    size: count,
    fields: {
      // Stored with the row running fastest, then column, colour, image.
      x: arrangedImageField(X.data, [SIZE, SIZE, 3], (row, column, channel) => row + SIZE * (column + SIZE * channel)),
      label: labelField(Uint8Array.from(y.data, (label) => label % 10)),
    },
  };
}
