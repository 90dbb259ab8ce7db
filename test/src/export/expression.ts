import type { ConstantData, Value } from '../../../packages/export/dist/graph/value.js';

/**
 * A value as an expression of its inputs: `Mul(x, Reshape(c, [1, 6]))`. Constants of one number everywhere are `2`, or `2[4, 6]`
 * if they have axes. Of the attributes, only lists are shown.
 */
export function expression(value: Value): string {
  const { source, shape } = value;
  if (source.kind === 'input') return source.name;
  if (source.kind === 'constant') return numbers(source.data(), shape);
  const { op, domain, inputs, attributes } = source.node;
  const lists = Object.values(attributes).filter((attribute): attribute is readonly number[] =>
    Array.isArray(attribute),
  );
  const operands = [...inputs.map((input) => (input ? expression(input) : '')), ...lists.map(list)];
  return `${domain === '' ? '' : `${domain}.`}${op}(${operands.join(', ')})`;
}

const list = (entries: readonly number[]): string => `[${entries.join(', ')}]`;

function numbers(data: ConstantData, shape: readonly number[]): string {
  const all = Array.from<number | bigint, number>(data, (n) => Number(Number(n).toPrecision(7)));
  const uniform = !(data instanceof BigInt64Array) && all.length > 0 && all.every((n) => Object.is(n, all[0]));
  return uniform ? `${all[0]}${shape.length === 0 ? '' : list(shape)}` : list(all);
}
