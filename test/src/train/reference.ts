import { readFileSync } from 'node:fs';
import { tf } from '@onnx-forge/export';
import { expect } from 'chai';

/** Nested numbers, as in the reference file. */
export type Numbers = number | readonly Numbers[];

interface ReferenceCase {
  readonly name: string;
  readonly in: Readonly<Record<string, Numbers>>;
  readonly out: Readonly<Record<string, Numbers>>;
}

const file = new URL('../../fixtures/objectives.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: ReferenceCase[] };

/** Inputs (as float32 tensors) and float64 results of one reference case, computed independently with PyTorch. */
export function reference(name: string): {
  input: (key: string) => tf.Tensor;
  raw: (key: string) => Numbers;
  output: (key: string) => Numbers;
} {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no reference case '${name}'`);
  const pick = (record: Readonly<Record<string, Numbers>>, key: string) => {
    const value = record[key];
    if (value === undefined) throw new Error(`reference case '${name}' has no '${key}'`);
    return value;
  };
  return {
    input: (key) => tf.tensor(pick(found.in, key) as number[], undefined, 'float32'),
    raw: (key) => pick(found.in, key),
    output: (key) => pick(found.out, key),
  };
}

function flatten(numbers: Numbers): number[] {
  return typeof numbers === 'number' ? [numbers] : numbers.flatMap(flatten);
}

/** Every value within `relative` of the expected one, or within `absolute` where that is larger. */
export function expectClose(actual: tf.Tensor | Numbers, expected: Numbers, relative = 1e-5, absolute = 1e-5): void {
  const got = actual instanceof tf.Tensor ? Array.from(actual.dataSync()) : flatten(actual);
  const want = flatten(expected);
  expect(got.length, 'number of values').to.equal(want.length);
  for (const [index, value] of want.entries()) {
    expect(got[index], `value ${index}`).to.be.closeTo(value, Math.max(absolute, relative * Math.abs(value)));
  }
}
