import type { Random } from '@onnx-forge/infer';
import type { OptionValue } from '../../options/option.js';
import { drawSettings, isChoice, type Parameter, RangeAxis } from '../space.js';
import type { Sampler } from './sampler.js';

/** A value of a parameter, all alike likely (on the logarithm's axis with `log`). */
export function uniformValue(parameter: Parameter, random: Random): OptionValue {
  if (isChoice(parameter)) return parameter.values[random.integer(parameter.values.length)]!;
  const axis = new RangeAxis(parameter);
  return axis.value(axis.low + axis.width * random.uniform());
}

/** Independent uniform draws (Bergstra & Bengio 2012). A parameter's draw does not depend on which others are drawn. */
export const randomSampler: Sampler = {
  name: 'random',
  learns: false,
  settings({ space, random }) {
    return drawSettings(space, (name, parameter) => uniformValue(parameter, random.fork(name)));
  },
};
