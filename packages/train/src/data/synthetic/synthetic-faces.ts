import { Random } from '@onnx-forge/infer';
import type { Field, Split } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { imageField, labelField } from '../fields.js';
import { splitByIdentity } from '../prepare/identities.js';
import { drawFace, drawIdentity, FACE_HEIGHT, FACE_WIDTH } from './face.js';

const PEOPLE = 40;
const IMAGES = 10;

/**
 * Faces drawn from a seed, of AT&T's size and number: x [112, 92, 1] grey in [0, 1], label 0 to 39. Nobody is in two
 * splits. A stand-in where nothing can be downloaded; its numbers can't be compared with those of photographs.
 */
export const syntheticFaces: DataSetDescription = {
  name: 'synthetic-faces',
  title: 'faces drawn by a seeded generator: 40 people, 10 grey images each',
  task: "images of faces, 40 people; embedded stand-in for AT&T's faces",
  source: 'onnx-forge',
  terms: 'Apache-2.0, as onnx-forge',
  sizes: { train: 260, validation: 40, test: 100 },
  folder: '',
  files: [],
  async load({ seed }) {
    return splitByIdentity(drawAll(new Random(seed).fork('synthetic-faces')), { fold: 0 });
  },
};

/** An image is drawn when it is first read, from a seed of its own. */
function drawAll(random: Random): Split {
  const size = PEOPLE * IMAGES;
  const length = FACE_HEIGHT * FACE_WIDTH;
  const pixels = new Uint8Array(size * length);
  const drawn = new Uint8Array(size);
  const people = Array.from({ length: PEOPLE }, (_, person) => drawIdentity(random.fork(`person ${person}`)));
  const labels = Uint8Array.from({ length: size }, (_, image) => Math.floor(image / IMAGES));
  const images = imageField(pixels, [FACE_HEIGHT, FACE_WIDTH, 1], 255);
  const x: Field = {
    ...images,
    read(index, out, offset) {
      if (drawn[index] === 0) {
        const image = pixels.subarray(index * length, (index + 1) * length);
        drawFace(people[labels[index]!]!, random.fork(`image ${index}`), image);
        drawn[index] = 1;
      }
      images.read(index, out, offset);
    },
  };
  return { size, fields: { x, label: labelField(labels) } };
}
