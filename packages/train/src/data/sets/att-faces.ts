import type { Split } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { FormatError } from '../errors.js';
import { imageField, labelField } from '../fields.js';
import { parsePgm } from '../formats/pgm.js';
import { endingIn } from '../prepare/choose.js';
import { splitByIdentity } from '../prepare/identities.js';

const FACES = 'att_faces';
const [HEIGHT, WIDTH] = [112, 92];
const PEOPLE = 40;
const IMAGES = 10;

/**
 * AT&T's database of faces: x [112, 92, 1] grey in [0, 1], label 0 to 39: the person. Nobody is in two splits; these are
 * the first of four folds.
 */
export const attFaces: DataSetDescription = {
  name: 'att-faces',
  title: "AT&T's database of faces (ORL): 40 people, 10 grey images each",
  task: 'images of faces, 40 people; no person in two splits',
  source: 'Samaria and Harter 1994, "Parameterisation of a stochastic model for human face identification"',
  terms: 'free to use; credit AT&T Laboratories Cambridge',
  sizes: { train: 260, validation: 40, test: 100 },
  folder: 'att_faces',
  files: [
    {
      name: FACES,
      bytes: 4_127_200,
      sha256: 'c7645d6e0eee412c715743a05c9ee34056c792a5f337fa7c392bb63061d98354',
      urls: ['https://www.cl.cam.ac.uk/Research/DTG/attarchive/pub/data/att_faces.zip'],
      contents: { count: PEOPLE * IMAGES, choose: endingIn(/(?:^|\/)(s\d+\/\d+\.pgm)$/) },
    },
  ],
  async load({ readContents }) {
    const entries = await readContents(FACES);
    const pixels = new Uint8Array(PEOPLE * IMAGES * HEIGHT * WIDTH);
    for (let image = 0; image < PEOPLE * IMAGES; image++) {
      const path = `s${1 + Math.floor(image / IMAGES)}/${1 + (image % IMAGES)}.pgm`;
      const content = entries.get(path);
      if (!content) throw misfit(FACES, path, 'no such entry');
      const { height, width, data } = parsePgm(content);
      if (height !== HEIGHT || width !== WIDTH) throw misfit(content.file, path, `${width} x ${height} pixels`);
      pixels.set(data, image * HEIGHT * WIDTH);
    }
    return splitByIdentity(faces(pixels), { fold: 0 });
  },
};

function faces(pixels: Uint8Array): Split {
  const labels = Uint8Array.from({ length: PEOPLE * IMAGES }, (_, image) => Math.floor(image / IMAGES));
  return {
    size: labels.length,
    fields: { x: imageField(pixels, [HEIGHT, WIDTH, 1], 255), label: labelField(labels) },
  };
}

function misfit(file: string, path: string, found: string): FormatError {
  const expected = `${path}, an image of ${WIDTH} x ${HEIGHT} pixels`;
  return new FormatError({ file, offset: 0, expected, found, truncated: false });
}
