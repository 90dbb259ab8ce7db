import type { Signature } from '@onnx-forge/export';
import { suggestion } from '../../suggest.js';
import { UsageError } from '../errors.js';

/** A size, or the name of a dimension that stays free. */
type Size = number | string;
export type Shapes = Readonly<Record<string, readonly Size[]>>;

/** A yargs option `--shape name=1,224,224,3`, given once for each input. */
export interface ShapesOption {
  readonly describe: string;
  readonly type: 'string';
  readonly array: true;
  readonly requiresArg: true;
  readonly coerce: (given: unknown) => Shapes;
}

export const shapes: ShapesOption = {
  describe: 'Sizes of an input, as in --shape image=1,224,224,3; a name in place of a size leaves it free',
  type: 'string',
  array: true,
  requiresArg: true,
  coerce(given) {
    const entries = [given].flat().map((entry) => parse(String(entry)));
    const names = entries.map(([name]) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new UsageError(`--shape ${twice}=... is given twice`, { name: twice });
    return Object.fromEntries(entries);
  },
};

function parse(given: string): [string, readonly Size[]] {
  // Names of inputs may contain `=`, sizes do not.
  const at = given.lastIndexOf('=');
  const sizes = given
    .slice(at + 1)
    .split(',')
    .map((size) => (/^\d+$/.test(size) ? Number(size) : size));
  const valid = sizes.every((size) =>
    typeof size === 'string' ? /^[A-Za-z_]/.test(size) : size >= 1 && size < 2 ** 31,
  );
  if (at > 0 && valid) return [given.slice(0, at), sizes];
  const message = `--shape takes name=sizes with sizes of at least 1, such as image=1,224,224,3, not '${given}'`;
  throw new UsageError(message, { given });
}

/**
 * The signature with free dimensions fixed or renamed (two of one name are equal); a dimension that other inputs share is
 * in them too.
 * @throws UsageError for a name that is no input, another rank, or a size that contradicts the model's or another one
 */
export function withShapes({ inputs }: Signature, shapes: Shapes): Signature {
  const sizes = new Map<string, Size>();
  for (const [name, given] of Object.entries(shapes)) {
    const shape = Object.hasOwn(inputs, name) ? inputs[name]!.shape : undefined;
    if (!shape) {
      const known = Object.keys(inputs);
      const hint = suggestion(name, known) || `; inputs: ${known.join(', ')}`;
      throw new UsageError(`--shape: the model has no input '${name}'${hint}`, { name, known });
    }
    const stated = `input '${name}' is [${shape.join(', ')}]`;
    if (given.length !== shape.length) {
      const message = `--shape ${name}=${given.join(',')} has ${given.length} sizes, but ${stated}`;
      throw new UsageError(message, { name, given, shape });
    }
    given.forEach((size, axis) => {
      const own = shape[axis]!;
      if (size === own) return;
      const fixed = typeof own === 'number' ? own : sizes.get(own);
      if ((typeof size === 'string' && typeof own === 'number') || (fixed !== undefined && fixed !== size)) {
        const because =
          typeof own === 'string' && fixed !== undefined ? `, and another --shape says ${own} = ${fixed}` : '';
        throw new UsageError(`--shape ${name}=${given.join(',')}: ${stated}${because}`, { name, given, shape });
      }
      if (typeof own === 'string') sizes.set(own, size);
    });
  }
  const fix = (dimension: Size): Size =>
    typeof dimension === 'string' ? (sizes.get(dimension) ?? dimension) : dimension;
  const fixed = Object.entries(inputs).map(([name, type]) => [name, { ...type, shape: type.shape.map(fix) }]);
  return { inputs: Object.fromEntries(fixed) };
}
