import { allOrFirst } from '../all-or-first.js';
import type { Split } from '../data-set.js';
import type { DataSetDescription, FileDescription, LoadContext } from '../description.js';
import { imageField } from '../fields.js';
import { parseAmat } from '../formats/amat.js';

const FOLDER = 'www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/';
const PARTS = { train: 'train', validation: 'valid', test: 'test' } as const;
type Part = keyof typeof PARTS;

const fileName = (part: Part): string => `binarized_mnist_${PARTS[part]}.amat`;

/** Published unpacked; the packed form is accepted by its content. */
function amatFile(part: Part, bytes: number, sha256: string): FileDescription {
  const name = fileName(part);
  return { name, bytes, sha256, urls: [`https://${FOLDER}${name}`, `http://${FOLDER}${name}`] };
}

/** Larochelle's fixed binarization of MNIST: x [28, 28, 1] in {0, 1}, no labels. */
export const binarizedMnist: DataSetDescription = {
  name: 'binarized-mnist',
  title: 'MNIST digits with the fixed binarization of Larochelle',
  task: 'binary images, density estimation',
  source: 'Larochelle and Murray 2011, "The neural autoregressive distribution estimator"',
  terms: 'as MNIST (CC BY-SA 3.0)',
  sizes: { train: 50_000, validation: 10_000, test: 10_000 },
  folder: 'binarized_mnist',
  files: [
    amatFile('train', 78_400_000, 'ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d'),
    amatFile('validation', 15_680_000, '1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2'),
    amatFile('test', 15_680_000, 'e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c'),
  ],
  async load(context) {
    const [train, validation, test] = await allOrFirst([
      images(context, 'train'),
      images(context, 'validation'),
      images(context, 'test'),
    ]);
    return { train, validation, test };
  },
};

async function images({ read }: LoadContext, part: Part): Promise<Split> {
  const { rows, data } = parseAmat(await read(fileName(part)), { columns: 784, rows: binarizedMnist.sizes[part] });
  return { size: rows, fields: { x: imageField(data, [28, 28, 1], 1) } };
}
