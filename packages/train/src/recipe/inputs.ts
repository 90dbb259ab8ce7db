import type { Augment } from '../data/batches.js';
import { type DataSet, type Field, type FieldType, SPLIT_NAMES, type Split } from '../data/data-set.js';
import { exampleSize } from '../data/fields.js';
import { describeImage } from '../data/sources/images.js';
import { TrainError } from '../errors.js';

/** One tensor of a batch: which field of the data it is, and in what form the networks want it. */
export interface InputSpec {
  /** Shape of one example; the numbers are read in the same order, so [28, 28, 1] may become [784]. */
  readonly shape: readonly number[];
  /** The image that `shape` has the numbers of: others are refused, even those of as many numbers. */
  readonly image?: readonly [height: number, width: number, channels: number];
  /** Default float32. */
  readonly dtype?: FieldType;
  /** Whole numbers 0 .. below - 1, such as class labels: others are refused before training begins. */
  readonly below?: number;
  /** The field's name where it differs from the input's. */
  readonly field?: string;
  /** Images come in [0, 1]; this maps them to [low, high]. */
  readonly range?: readonly [low: number, high: number];
  /** Changes a training example each time it is used, after `range`. Two inputs of one field are two views of it. */
  readonly augment?: Augment;
}

/** @deprecated {@link InputSpec} */
export type BatchInput = InputSpec;

/** The changes of training examples among a recipe's inputs, by input. */
export function augmentations(inputs: Readonly<Record<string, InputSpec>>): Readonly<Record<string, Augment>> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, { augment }]) => (augment ? [[name, augment]] : [])),
  );
}

/** The data set seen as the inputs that a recipe declares: every split has exactly these fields, in these shapes. */
export function prepareInputs(dataSet: DataSet, inputs: Readonly<Record<string, InputSpec>>, recipe: string): DataSet {
  const splits = SPLIT_NAMES.map((name) => [name, prepareSplit(dataSet.splits[name], inputs, dataSet, recipe)]);
  return { ...dataSet, splits: Object.fromEntries(splits) };
}

function prepareSplit(
  split: Split,
  inputs: Readonly<Record<string, InputSpec>>,
  { name: dataSet, reference }: DataSet,
  recipe: string,
): Split {
  const fields = Object.entries(inputs).map(([name, input]) => {
    const source = split.fields[input.field ?? name];
    if (source === undefined) {
      const advice = reference && (input.field ?? name) === 'label' ? `; ${NO_CLASSES}` : '';
      const message = `recipe '${recipe}' needs a field '${input.field ?? name}', which data set '${dataSet}' has not${advice}`;
      throw new TrainError('data-mismatch', message, { recipe, dataSet, field: input.field ?? name });
    }
    requireImage(source, input, dataSet, recipe, reference !== undefined);
    return [name, prepareField(source, input, name, dataSet, recipe)] as const;
  });
  return { ...split, fields: Object.fromEntries(fields) };
}

const NO_CLASSES = 'classes are one folder each, or labels beside the images';

/** An image of another size may have as many numbers; it would be read in rows that are none. */
function requireImage({ shape }: Field, { image }: InputSpec, dataSet: string, recipe: string, own: boolean): void {
  if (image === undefined || shape.length !== 3 || image.every((size, axis) => size === shape[axis])) return;
  const [height, width, channels] = image;
  const resized = height !== shape[0] || width !== shape[1] ? [`--resize ${width}x${height}`] : [];
  // Grey can't become colour.
  const greyed = channels === shape[2] ? [] : channels === 1 ? ['--grey'] : undefined;
  const mend = own && greyed ? `; ${[...resized, ...greyed].join(' ')} makes them so` : '';
  const message = `recipe '${recipe}' wants images of ${describeImage(image)}, but data set '${dataSet}' has ${describeImage(shape)}${mend}`;
  throw new TrainError('data-mismatch', message, { recipe, dataSet, want: image, have: shape });
}

function prepareField(source: Field, input: InputSpec, name: string, dataSet: string, recipe: string): Field {
  const size = exampleSize(input.shape);
  if (size !== exampleSize(source.shape)) {
    const [want, have] = [input.shape.join('x'), source.shape.join('x')];
    const message = `recipe '${recipe}' wants '${name}' as ${want}, but data set '${dataSet}' has ${have}`;
    throw new TrainError('data-mismatch', message, { recipe, dataSet, want: input.shape, have: source.shape });
  }
  const dtype = input.dtype ?? 'float32';
  if (dtype !== source.dtype) {
    const message = `recipe '${recipe}' wants '${name}' as ${dtype}, but data set '${dataSet}' has ${source.dtype}`;
    throw new TrainError('data-mismatch', message, { recipe, dataSet, want: dtype, have: source.dtype });
  }
  const { below } = input;
  if (below !== undefined && source.below !== undefined && below !== source.below) {
    const message = `recipe '${recipe}' has ${below} classes, but data set '${dataSet}' has ${source.below}`;
    throw new TrainError('data-mismatch', message, { recipe, dataSet, want: below, have: source.below });
  }
  const image = input.image !== undefined || input.range !== undefined;
  if (input.range === undefined) {
    // A recipe that names no number of classes takes labels for names: some may be in no training.
    const { below: _, ...field } = source;
    const range = image ? { range: [0, 1] as const } : {};
    return { ...field, shape: input.shape, ...(below !== undefined && { below }), ...range };
  }
  const [low, high] = input.range;
  return {
    shape: input.shape,
    dtype: source.dtype,
    range: input.range,
    ...(source.finite && { finite: true }),
    ...(source.readAhead && { readAhead: source.readAhead }),
    read(index, out, offset) {
      source.read(index, out, offset);
      for (let i = offset; i < offset + size; i++) out[i] = low + (high - low) * out[i]!;
    },
  };
}
