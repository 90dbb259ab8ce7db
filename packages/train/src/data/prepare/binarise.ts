import { InputError, Random } from '@onnx-forge/infer';
import { type DataSet, type Field, SPLIT_NAMES, type Split, type SplitName, type Splits } from '../data-set.js';
import { DataError } from '../errors.js';
import { allocate, exampleSize, imageField } from '../fields.js';

/** How grey becomes black or white. */
export type Binarisation = 'threshold' | 'stochastic' | 'dynamic';

const BINARISATIONS: readonly string[] = ['threshold', 'stochastic', 'dynamic'] satisfies readonly Binarisation[];

export function isBinarisation(name: string): name is Binarisation {
  return BINARISATIONS.includes(name);
}

/** How a data set's images were made binary, as its name says; undefined of one that is as its files are. */
export function binarisationOf({ name }: Pick<DataSet, 'name'>): Binarisation | undefined {
  return /\+(threshold|stochastic|dynamic)$/.exec(name)?.[1] as Binarisation | undefined;
}

/**
 * A data set whose images `x` are binary: grey >= 1/2 (`threshold`), or drawn once per pixel with probability grey
 * (`stochastic`: a fixed draw, as in Salakhutdinov and Murray 2008 and Larochelle's file). `dynamic` is that for validation and
 * test, and leaves the training images grey, for the step to draw anew each time (Burda et al. 2016). The name tells:
 * `NAME+threshold`. A set that is binary already is returned as it is.
 *
 * @param seed of the stochastic draw; each split has a stream of its own
 * @throws InputError when a set of `dynamic`, whose training images are grey, is to be made binary in another way
 * @throws DataError (`data-format`) when a pixel is not in [0, 1]; training images of `dynamic` are looked at when they are read
 */
export function binarise(dataSet: DataSet, mode: Binarisation, seed: number): DataSet {
  if (!isBinarisation(mode))
    throw new InputError(`images are binarised by 'threshold', 'stochastic' or 'dynamic', not '${mode}'`);
  const before = binarisationOf(dataSet);
  if (before === mode) return dataSet;
  if (SPLIT_NAMES.every((name) => dataSet.splits[name].fields.x?.binary)) return dataSet;
  if (before === 'dynamic') throw drawnAnew(dataSet, mode);
  const random = drawsOf(dataSet.name, seed);
  const entries = SPLIT_NAMES.map((name) => {
    const split = dataSet.splits[name];
    const grey = withGrey(split, dataSet.name, name);
    if (mode === 'dynamic' && name === 'train') return [name, grey];
    return [name, binary(grey, mode === 'threshold' ? 'threshold' : 'stochastic', random.fork(name))];
  });
  return { ...dataSet, name: `${dataSet.name}+${mode}`, splits: Object.fromEntries(entries) as Splits };
}

/**
 * A set of `dynamic` with its training images drawn once, for a likelihood is one of binary images: the set that `stochastic`
 * makes with the same seed, and of its name. Others are returned as they are.
 */
export function drawnOnce(dataSet: DataSet, seed: number): DataSet {
  if (binarisationOf(dataSet) !== 'dynamic') return dataSet;
  const { splits } = dataSet;
  const name = greyName(dataSet);
  const grey = withGrey(splits.train, name, 'train');
  const train = binary(grey, 'stochastic', drawsOf(name, seed).fork('train'));
  return { ...dataSet, name: `${name}+stochastic`, splits: { ...splits, train } };
}

/** Name of a set of `dynamic` before it was one. */
function greyName({ name }: DataSet): string {
  return name.slice(0, -'+dynamic'.length);
}

function drawsOf(name: string, seed: number): Random {
  return new Random(seed).fork(`binarise ${name}`);
}

/** Its validation and test images are drawn already: made binary again, they would be others than the training images. */
function drawnAnew(dataSet: DataSet, mode: Binarisation): InputError {
  const base = greyName(dataSet);
  return new InputError(
    `data set '${dataSet.name}' is drawn anew in every step, and can't be binarised by '${mode}' as well: take --data ${base}, or ${base}+stochastic for images that are drawn once, or add --set binarisation=dynamic where the recipe has that option`,
  );
}

/** The split, where reading an image refuses pixels that are no grey. */
function withGrey(split: Split, dataSet: string, name: SplitName): Split & { readonly fields: { readonly x: Field } } {
  const { x } = split.fields;
  if (!x) throw new InputError("only a data set with a field 'x' can be binarised");
  const size = exampleSize(x.shape);
  const read: Field['read'] = (index, out, offset) => {
    x.read(index, out, offset);
    for (let i = offset; i < offset + size; i++) {
      const level = out[i]!;
      if (level >= 0 && level <= 1) continue;
      const place = `data set '${dataSet}', split '${name}', example ${index}`;
      const message = `${place} has a pixel of ${level}: only grey from 0 (black) to 1 (white) can be binarised`;
      throw new DataError('data-format', message, { dataSet, split: name, index, level });
    }
  };
  return { ...split, fields: { ...split.fields, x: { ...x, read } } };
}

function binary(
  split: Split & { readonly fields: { readonly x: Field } },
  mode: 'threshold' | 'stochastic',
  random: Random,
): Split {
  const { x } = split.fields;
  const size = exampleSize(x.shape);
  const bits = new Uint8Array(split.size * size);
  const grey = allocate(x, 1);
  const threshold = new Float32Array(size).fill(0.5);
  for (let example = 0; example < split.size; example++) {
    x.read(example, grey, 0);
    // Uniforms lie in [0, 1): grey 1 is always black, grey 0 never.
    if (mode === 'stochastic') random.fillUniform(threshold);
    const from = example * size;
    for (let i = 0; i < size; i++) {
      const level = grey[i]!;
      bits[from + i] = (mode === 'threshold' ? level >= 0.5 : threshold[i]! < level) ? 1 : 0;
    }
  }
  return { size: split.size, fields: { ...split.fields, x: imageField(bits, x.shape, 1) } };
}
