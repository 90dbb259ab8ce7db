import type { OptionValue, OptionValues } from '../../options/option.js';
import { isActive, isChoice, type Parameter, RangeAxis, type Space } from '../space.js';
import type { Sampler } from './sampler.js';

/** The values of a parameter on the grid; `points` of a range are spread evenly, ends included. */
function gridValues(parameter: Parameter): readonly OptionValue[] {
  if (isChoice(parameter)) return parameter.values;
  const { min, max, integer } = parameter;
  const points = parameter.points ?? (integer ? max - min + 1 : 2);
  const axis = new RangeAxis(parameter);
  const [first, last] = [axis.position(min), axis.position(max)];
  const values = Array.from({ length: points }, (_, i) =>
    // The ends themselves, not what logarithm and exponential make of them.
    i === 0 ? min : i === points - 1 ? max : axis.value(first + ((last - first) * i) / (points - 1)),
  );
  return [...new Set(values)];
}

/** Every combination, the last parameter changing fastest; conditions leave parameters out. */
function* combinations(space: Space): Generator<OptionValues> {
  const entries = Object.entries(space);
  function* from(index: number, settings: OptionValues): Generator<OptionValues> {
    const entry = entries[index];
    if (entry === undefined) return void (yield settings);
    const [name, parameter] = entry;
    if (!isActive(parameter, settings)) return void (yield* from(index + 1, settings));
    for (const value of gridValues(parameter)) yield* from(index + 1, { ...settings, [name]: value });
  }
  yield* from(0, {});
}

/** Every combination of the values, in a fixed order. */
export const gridSampler: Sampler = {
  name: 'grid',
  learns: false,
  size: (space) => {
    let size = 0;
    for (const _ of combinations(space)) size += 1;
    return size;
  },
  settings({ space, number }) {
    let index = 0;
    for (const settings of combinations(space)) if (index++ === number) return settings;
    throw new RangeError(`the grid has ${index} points, so there is no trial ${number}`);
  },
};
