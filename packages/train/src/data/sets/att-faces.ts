import type { Split } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { FormatError } from '../errors.js';
import { imageField, labelField } from '../fields.js';
import { parsePgm } from '../formats/pgm.js';
import { readTar } from '../formats/tar.js';
import { splitByIdentity } from '../prepare/identities.js';

const ARCHIVE = 'att_faces.tar';
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
      name: ARCHIVE,
      bytes: 4_536_320,
      sha256: '63469965c20196b381d6df3654ac2ea393446ea3763c8f9c5a95b4929d717c38',
      urls: [],
    },
  ],
  async load({ read }) {
    const archive = await read(ARCHIVE);
    const entries = new Map((await readTar(archive)).map(({ path, bytes }) => [path, bytes]));
    const pixels = new Uint8Array(PEOPLE * IMAGES * HEIGHT * WIDTH);
    for (let image = 0; image < PEOPLE * IMAGES; image++) {
      const path = `att_faces/s${1 + Math.floor(image / IMAGES)}/${1 + (image % IMAGES)}.pgm`;
      const bytes = entries.get(path);
      if (!bytes) throw misfit(archive.file, path, 'no such entry');
      const { height, width, data } = parsePgm({ file: `${archive.file}: ${path}`, bytes });
      if (height !== HEIGHT || width !== WIDTH) throw misfit(archive.file, path, `${width} x ${height} pixels`);
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
