import type { Split } from '../data-set.js';
import type { DataSetDescription, LoadContext } from '../description.js';
import { arrangedImageField, labelField, subset } from '../fields.js';
import { CIFAR_SIZE, parseCifar } from '../formats/cifar.js';
import type { FileContent } from '../formats/gzip.js';

const TRAIN = 'data_batch_1.bin';
const TEST = 'test_batch.first1000.bin';

const OFFICIAL = {
  archive: 'cifar-10-binary.tar.gz',
  urls: ['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
} as const;

/**
 * A part of CIFAR-10: x [32, 32, 3] in [0, 1], label 0..9. The first of the five training batches, of which the last
 * 1,000 images are the validation split, and the first 1,000 of the test images.
 */
export const cifar10: DataSetDescription = {
  name: 'cifar10',
  title: 'CIFAR-10, one training batch and the first 1,000 test images',
  task: 'colour images, 10 classes',
  source: 'Krizhevsky 2009, "Learning multiple layers of features from tiny images"',
  terms: 'free for research, cite the source',
  sizes: { train: 9_000, validation: 1_000, test: 1_000 },
  folder: 'cifar10',
  files: [
    {
      name: TRAIN,
      bytes: 30_730_000,
      sha256: 'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5',
      urls: [],
      within: { ...OFFICIAL, member: 'data_batch_1.bin' },
    },
    {
      name: TEST,
      bytes: 3_073_000,
      sha256: '8314c96d7cd65618193bab23acdd5d4c4af15bf6dd00a1781d55beedf3be1ef5',
      urls: [],
      within: { ...OFFICIAL, member: 'test_batch.bin', first: 3_073_000 },
    },
  ],
  async load({ read }: LoadContext) {
    const batch = records(await read(TRAIN));
    const { train } = cifar10.sizes;
    return {
      train: subset(batch, 0, train),
      validation: subset(batch, train, batch.size),
      test: records(await read(TEST)),
    };
  },
};

function records(content: FileContent): Split {
  const { count, labels, planes } = parseCifar(content);
  const at = (row: number, column: number, channel: number) => (channel * CIFAR_SIZE + row) * CIFAR_SIZE + column;
  return {
    size: count,
    fields: { x: arrangedImageField(planes, [CIFAR_SIZE, CIFAR_SIZE, 3], at), label: labelField(labels) },
  };
}
