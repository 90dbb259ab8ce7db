import { Random } from '@onnx-forge/infer';
import type { Split, Splits } from '../data-set.js';
import type { DataSetDescription, FileDescription } from '../description.js';
import { labelField } from '../fields.js';
import { parseLines } from '../formats/lines.js';
import { FOLD_FIELD, FOLDS, foldOf } from '../prepare/folds.js';

/** The authors' own archive is http://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz. */
function polarityFile(name: string, bytes: number, sha256: string): FileDescription {
  return { name, bytes, sha256, urls: [`https://raw.githubusercontent.com/yoonkim/CNN_sentence/master/${name}`] };
}

/**
 * Movie review sentences: text, label 0 (negative) or 1 (positive), and `fold` 0 .. 9. It has no split of its own and is
 * used in ten folds; as loaded, fold 0 is the test and fold 1 the validation split. See `foldOf` for the others.
 */
export const mr: DataSetDescription = {
  name: 'mr',
  title: 'movie review sentences, positive or negative, in ten folds',
  task: 'sentences, 2 classes',
  source: 'Pang and Lee 2005, "Seeing stars" (sentence polarity data set v1.0)',
  terms: 'made available for research; no explicit licence',
  sizes: { train: 8_530, validation: 1_066, test: 1_066 },
  folder: 'sentiment',
  files: [
    polarityFile('rt-polarity.neg', 612_256, '4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca'),
    polarityFile('rt-polarity.pos', 626_139, '2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0'),
  ],
  async load({ read }) {
    const negative = parseLines(await read('rt-polarity.neg'), 'windows-1252');
    const positive = parseLines(await read('rt-polarity.pos'), 'windows-1252');
    return inFolds([negative, positive]);
  },
};

/** Both classes dealt out to the folds in a random order that never changes: every fold has a tenth of each. */
function inFolds(classes: readonly (readonly string[])[]): Splits {
  const random = new Random(0).fork('mr');
  const labels = Uint8Array.from(classes.flatMap((texts, label) => texts.map(() => label)));
  const folds = Uint8Array.from(
    classes.flatMap(({ length }) => Array.from(random.permutation(length), (rank) => rank % FOLDS)),
  );
  const fields = { label: labelField(labels), [FOLD_FIELD]: labelField(folds) };
  const text = classes.flat().map((line) => line.trim());
  const all: Split = { size: labels.length, fields, texts: { text } };
  return foldOf([all], 0);
}
