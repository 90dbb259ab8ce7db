import type { Field, Split } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { FormatError } from '../errors.js';
import { labelField } from '../fields.js';
import type { FileContent } from '../formats/gzip.js';
import { decodeJpeg } from '../formats/jpeg.js';
import { readTar } from '../formats/tar.js';
import { splitByIdentity } from '../prepare/identities.js';

const ARCHIVE = 'lfw_gray_min20.tgz';
const SIZE = 250;

/**
 * Labeled Faces in the Wild, a grey aligned copy, the people with at least 20 images: x [250, 250, 1] in [0, 1], label 0
 * to 61: the person, in alphabetical order. Nobody is in two splits; these are the first of four folds. An image is
 * decoded whenever it is read.
 */
export const lfw: DataSetDescription = {
  name: 'lfw',
  title: 'Labeled Faces in the Wild, grey and aligned, 62 people with at least 20 images',
  task: 'images of faces, 62 people; no person in two splits',
  source:
    'Huang, Ramesh, Berg and Learned-Miller 2007, "Labeled faces in the wild"; aligned by Wolf, Hassner and Taigman',
  terms: "for research; the press photographs are their owners'",
  sizes: { train: 1398, validation: 341, test: 1284 },
  folder: 'lfw',
  files: [
    {
      name: ARCHIVE,
      bytes: 21_724_663,
      sha256: '41c7bd0c58b73e9c4d63ced9dac4e0608e79a66e590b94c938e2fa3d3e766552',
      urls: [],
    },
  ],
  async load({ read }) {
    return splitByIdentity(await people(await read(ARCHIVE)), { fold: 0 });
  },
};

/** lfw/First_Last/First_Last_0001.jpg ... */
async function people(archive: FileContent): Promise<Split> {
  const images = (await readTar(archive))
    .filter(({ path }) => path.endsWith('.jpg'))
    .map(({ path, bytes }) => ({ person: path.split('/').at(-2) ?? '', file: `${archive.file}: ${path}`, bytes }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
  const names = [...new Set(images.map(({ person }) => person))].sort();
  return {
    size: images.length,
    fields: {
      x: decodedField(images),
      label: labelField(Uint8Array.from(images, ({ person }) => names.indexOf(person))),
    },
  };
}

function decodedField(images: readonly FileContent[]): Field {
  return {
    shape: [SIZE, SIZE, 1],
    dtype: 'float32',
    finite: true,
    read(index, out, offset) {
      const image = images[index]!;
      const { width, height, channels, data } = decodeJpeg(image);
      if (width !== SIZE || height !== SIZE || channels !== 1) {
        const expected = `a grey image of ${SIZE} x ${SIZE} pixels`;
        const found = `${width} x ${height} pixels of ${channels} channels`;
        throw new FormatError({ file: image.file, offset: 0, expected, found, truncated: false });
      }
      for (let i = 0; i < data.length; i++) out[offset + i] = data[i]! / 255;
    },
  };
}
