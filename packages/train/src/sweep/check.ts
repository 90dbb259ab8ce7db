import type { OptionSchema, OptionValue } from '../options/option.js';
import { suggestionAndList } from '../suggest.js';
import { SweepError } from './errors.js';
import { isChoice, type Parameter, type Space } from './space.js';

/**
 * Whether a recipe takes what a space can draw.
 *
 * @param owner named in errors: the recipe
 * @throws SweepError (`sweep-invalid`) naming the parameter and what the recipe accepts
 */
export function requireFittingSpace(space: Space, options: OptionSchema, owner: string): void {
  for (const [name, parameter] of Object.entries(space)) {
    const spec = Object.hasOwn(options, name) ? options[name]! : undefined;
    if (spec === undefined) {
      const hint = suggestionAndList(name, Object.keys(options), 'options: ');
      throw new SweepError('sweep-invalid', `space.${name}: ${owner} has no option '${name}'${hint}`, {
        option: name,
        place: ['space', name],
      });
    }
    for (const value of extremes(parameter)) {
      if (typeof value === typeof spec.default && spec.accepts(value)) continue;
      const message = `space.${name}: ${owner} takes ${spec.expects} as '${name}', not ${JSON.stringify(value)}`;
      throw new SweepError('sweep-invalid', message, {
        option: name,
        value,
        expected: spec.expects,
        place: ['space', name],
      });
    }
  }
}

/** All values of a choice; of a range its ends and, where it isn't whole, a number that isn't either. */
function extremes(parameter: Parameter): readonly OptionValue[] {
  if (isChoice(parameter)) return parameter.values;
  const { min, max, integer } = parameter;
  return integer ? [min, max] : [min, max, min + (max - min) * (Math.SQRT2 - 1)];
}
