import { gridSampler } from './grid.js';
import { randomSampler } from './random.js';
import type { Sampler } from './sampler.js';
import { tpeSampler } from './tpe.js';

export type SearchName = 'grid' | 'random' | 'tpe';

/** Searches by name. */
export const SAMPLERS: Readonly<Record<SearchName, Sampler>> = {
  grid: gridSampler,
  random: randomSampler,
  tpe: tpeSampler,
};
