import { InputError } from '@onnx-forge/infer/errors';
import * as rules from '@onnx-forge/infer/value-rule';
import { expect } from 'chai';
import { z } from 'zod';

const { COUNT, FINITE, FRACTION, NON_NEGATIVE, POSITIVE, PROPORTION, SIZE, TEXT, wholeNumber } = rules;

/** Rule, its words, values that it accepts, and values that it refuses. */
const CASES: readonly [rules.ValueRule<unknown>, string, readonly unknown[], readonly unknown[]][] = [
  [wholeNumber(), 'a whole number', [-3, 0, 2 ** 53 - 1], [0.5, 2 ** 53, Number.NaN, '1', 1n, null]],
  [COUNT, 'a whole number of at least 1', [1, 7], [0, -1, 1.5, Number.POSITIVE_INFINITY, true, undefined]],
  [SIZE, 'a whole number of at least 0', [0, 7], [-1, 0.1]],
  [wholeNumber({ least: -1, most: 9 }), 'a whole number from -1 to 9', [-1, 9], [-2, 10]],
  [wholeNumber({ least: 1, most: 1024 }), 'a whole number from 1 to 1,024', [1024], [1025]],
  [FINITE, 'a finite number', [-0.5, 1e300], [Number.POSITIVE_INFINITY, Number.NaN, '1']],
  [POSITIVE, 'a number above 0', [1e-9], [0, -1, Number.NaN]],
  [NON_NEGATIVE, 'a number of at least 0', [0, 0.5], [-1e-9]],
  [FRACTION, 'a number of at least 0 and below 1', [0, 0.99], [1, -0.1]],
  [PROPORTION, 'a number from 0 to 1', [0, 1], [1.01]],
  [rules.BOOLEAN, 'true or false', [true, false], ['true', 1]],
  [TEXT, 'a text that is not empty', ['a'], ['', '  ', 1]],
  [rules.oneOf(['a', 'b']), 'one of a, b', ['a'], ['c', 0]],
];

describe('rules of values', () => {
  for (const [rule, expects, right, wrong] of CASES) {
    it(`${expects}`, () => {
      expect(rule.expects).to.equal(expects);
      for (const value of right) expect(rule.accepts(value), String(value)).to.equal(true);
      for (const value of wrong) expect(rule.accepts(value), String(value)).to.equal(false);
    });
  }

  it('refuse an argument by its name', () => {
    expect(rules.checked('threads', 2, COUNT)).to.equal(2);
    expect(() => rules.checked('threads', '2', COUNT)).to.throw(
      InputError,
      /^threads must be a whole number of at least 1, not a string$/,
    );
  });

  it('say of an argument that is left out that it is missing', () => {
    expect(() => rules.checked('threads', undefined, COUNT)).to.throw(
      InputError,
      /^threads is missing: it must be a whole number of at least 1$/,
    );
  });
});

describe('the line on an issue of a schema', () => {
  const schema = z.object({
    kind: z.enum(['a', 'b']),
    graphs: z.record(z.string(), z.object({ opset: z.custom(COUNT.accepts, { params: { expects: COUNT.expects } }) })),
    sizes: z.array(z.int()),
    created: z.iso.datetime(),
    way: z.discriminatedUnion('name', [z.object({ name: z.literal('up') })]),
  });
  const right = {
    kind: 'a',
    graphs: { decode: { opset: 17 } },
    sizes: [1],
    created: '2026-11-29T12:00:00Z',
    way: { name: 'up' },
  };
  const lineOf = (value: unknown): string =>
    rules.issueLine(schema.safeParse(value).error!.issues[0]!, value, 'the file');

  const cases: [unknown, string | RegExp][] = [
    [undefined, 'the file is missing: it must be an object'],
    [[], 'the file must be an object, not []'],
    [{ ...right, kind: undefined }, 'kind is missing: it must be one of "a"|"b"'],
    [{ ...right, kind: 'c' }, 'kind must be one of "a"|"b", not "c"'],
    [{ ...right, graphs: undefined }, 'graphs is missing: it must be an object'],
    [{ ...right, graphs: { decode: {} } }, 'graphs.decode.opset is missing: it must be a whole number of at least 1'],
    [{ ...right, graphs: { decode: { opset: 0 } } }, 'graphs.decode.opset must be a whole number of at least 1, not 0'],
    [{ ...right, sizes: [1, '2'] }, 'sizes[1] must be a number, not "2"'],
    [{ ...right, created: undefined }, 'created is missing: it must be a text'],
    [{ ...right, created: 'today' }, 'created: Invalid ISO datetime'],
    [{ ...right, way: undefined }, 'way is missing: it must be an object'],
    [{ ...right, way: {} }, /^way\.name is missing$/],
    [{ ...right, sizes: 'x'.repeat(100) }, `sizes must be a list, not "${'x'.repeat(59)}...`],
  ];
  for (const [value, line] of cases) {
    it(String(line), () => {
      if (typeof line === 'string') expect(lineOf(value)).to.equal(line);
      else expect(lineOf(value)).to.match(line);
    });
  }

  it("keeps the words of anybody else's schema", () => {
    const issue = { path: ['serve', 'features', 0], message: 'too few' };
    expect(rules.issueLine(issue, {})).to.equal('serve.features[0]: too few');
  });
});
