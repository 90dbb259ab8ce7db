import type { Study } from '../study.js';
import { judgedAt, PAGES, recipePage, SEEDS } from './shared.js';

/** Adversarial networks. */
export const ADVERSARIAL: readonly Study[] = [
  {
    ...{
      name: 'dcgan',
      documents: ['models/README.md', PAGES.eecs498, recipePage('dcgan')],
      model: 'dcgan',
      data: 'mnist',
      seeds: SEEDS,
    },
    judge: ['classifier', 'default'],
    arms: { 'steps-1000': { label: '1,000 iterations', maxSteps: 1000 } },
    pictures: [{ arm: 'steps-1000', figure: 'progress', file: 'docs/images/dcgan-progress.png' }],
    measures: judgedAt(0.75),
    note: 'All 10 classes are wanted, too.',
  },
  {
    ...{
      name: 'gan',
      documents: ['models/README.md', PAGES.cs446, recipePage('gan')],
      model: 'gan',
      data: 'mnist',
      seeds: SEEDS,
    },
    judge: ['classifier', 'default'],
    arms: {
      'epochs-30': { label: "the assignment's settings, 30 epochs", set: { epochs: 30 } },
      tuned: { against: 'epochs-30', label: '`tuned`, 15 epochs', preset: 'tuned' },
      wide: {
        ...{ against: 'tuned', label: '`tuned`, eight times the maps, noise of 0.1 on all images, 20 epochs' },
        preset: 'tuned',
        set: { discriminatorWidth: 8, discriminatorRate: 1, instanceNoise: 0.1, averaging: 0.999, epochs: 20 },
      },
    },
    measures: judgedAt(0.6),
    pictures: [{ arm: 'tuned', figure: 'grids', file: 'docs/systems/gan-grids.png' }],
    note: '9 classes are wanted, too.',
  },
  {
    ...{
      name: 'wgan-lp',
      documents: ['models/README.md', PAGES.ift6135, recipePage('wgan-lp')],
      model: 'wgan-lp',
      data: 'synthetic-house-numbers',
      seeds: SEEDS,
    },
    arms: { 'small-300': { label: '`small`, 300 iterations', preset: 'small', maxSteps: 300 } },
    measures: [
      { name: 'wassersteinEstimate', split: 'test', label: "critic's estimate of W", digits: 2 },
      { name: 'latentMidpointSharpness', split: 'test', label: 'sharpness half-way, latent space', digits: 2 },
      { name: 'dataMidpointSharpness', split: 'test', label: 'sharpness half-way, data space', digits: 2 },
    ],
    pictures: [
      { arm: 'small-300', figure: 'samples', file: 'docs/systems/wgan-samples.png', width: 330 },
      { arm: 'small-300', figure: 'progress', file: 'docs/systems/wgan-progress.png', width: 620 },
      { arm: 'small-300', figure: 'perturbation', file: 'docs/systems/wgan-perturbation.png', width: 330 },
      { arm: 'small-300', figure: 'interpolation', file: 'docs/systems/wgan-interpolation.png', width: 500 },
    ],
    note: 'Sharpness half-way between two samples, as a fraction of that of the ends.',
  },
];
