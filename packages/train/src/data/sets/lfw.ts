import type { Field, Split } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { FormatError } from '../errors.js';
import { labelField } from '../fields.js';
import type { FileContent } from '../formats/gzip.js';
import { decodeJpeg } from '../formats/jpeg.js';
import { endingIn } from '../prepare/choose.js';
import { splitByIdentity } from '../prepare/identities.js';

const FACES = 'lfw';
/** Images of a person at least. */
const LEAST = 20;
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
      name: FACES,
      bytes: 22_733_756,
      sha256: 'dd43543401e4c1405288054a0c40bb5779463d2c7d7240fd3969e593740a57d7',
      urls: [],
      advice:
        'get the aligned copy LFW-a from https://talhassner.github.io/home/projects/lfwa/index.html and put the archive, or its folders of people, there; ' +
        'those with at least 20 images are used, and must be the ones that this hash is of',
      contents: { count: 3_023, choose: frequentPeople },
    },
  ],
  async load({ readContents }) {
    return splitByIdentity(people(await readContents(FACES)), { fold: 0 });
  },
};

/** First_Last/First_Last_0001.jpg ... of the people with at least {@link LEAST} images. */
function frequentPeople(paths: readonly string[]): ReadonlyMap<string, string> {
  const all = endingIn(/(?:^|\/)([^/]+\/[^/]+_\d{4}\.jpg)$/)(paths);
  const personOf = (name: string) => name.slice(0, name.indexOf('/'));
  const counts = new Map<string, number>();
  for (const name of all.values()) counts.set(personOf(name), (counts.get(personOf(name)) ?? 0) + 1);
  return new Map([...all].filter(([, name]) => counts.get(personOf(name))! >= LEAST));
}

function people(contents: ReadonlyMap<string, FileContent>): Split {
  const images = Array.from(contents, ([name, content]) => ({ ...content, name, person: name.split('/')[0]! }));
  images.sort((a, b) => (a.name < b.name ? -1 : 1));
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
