import { InputError, Random } from '@onnx-forge/infer';
import { type DataSet, SPLIT_NAMES, type Split, type Splits } from './data-set.js';
import { allocate, exampleSize, imageField } from './fields.js';

/** How grey becomes black or white. */
export type Binarisation = 'threshold' | 'stochastic' | 'dynamic';

const BINARISATIONS: readonly string[] = ['threshold', 'stochastic', 'dynamic'] satisfies readonly Binarisation[];

export function isBinarisation(name: string): name is Binarisation {
  return BINARISATIONS.includes(name);
}

/**
 * A data set whose images `x` are binary: grey >= 1/2 (`threshold`), or drawn once per pixel with probability grey
 * (`stochastic`: a fixed draw, as in Salakhutdinov and Murray 2008 and Larochelle's file). `dynamic` is that for validation and
 * test, and leaves the training images grey, for the step to draw anew each time (Burda et al. 2016). The name tells:
 * `NAME+threshold`. A set that is binary already is returned as it is.
 *
 * @param seed of the stochastic draw; each split has a stream of its own
 */
export function binarise(dataSet: DataSet, mode: Binarisation, seed: number): DataSet {
  if (!isBinarisation(mode))
    throw new InputError(`images are binarised by 'threshold', 'stochastic' or 'dynamic', not '${mode}'`);
  if (dataSet.name.endsWith(`+${mode}`)) return dataSet;
  if (SPLIT_NAMES.every((name) => dataSet.splits[name].fields.x?.binary)) return dataSet;
  const random = new Random(seed).fork(`binarise ${dataSet.name}`);
  const entries = SPLIT_NAMES.map((name) => {
    const split = dataSet.splits[name];
    if (mode === 'dynamic' && name === 'train') return [name, split];
    return [name, binary(split, mode === 'threshold' ? 'threshold' : 'stochastic', random.fork(name))];
  });
  return { ...dataSet, name: `${dataSet.name}+${mode}`, splits: Object.fromEntries(entries) as Splits };
}

function binary(split: Split, mode: 'threshold' | 'stochastic', random: Random): Split {
  const { x } = split.fields;
  if (!x) throw new InputError("only a data set with a field 'x' can be binarised");
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
