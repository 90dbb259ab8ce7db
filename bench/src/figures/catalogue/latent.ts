import type { Study } from '../study.js';
import { BOUNDS, PAGES, recipePage, SEEDS } from './shared.js';

/** Latent-variable models. */
export const LATENT: readonly Study[] = [
  {
    ...{
      name: 'vae',
      documents: ['models/README.md', PAGES.ift6135, recipePage('vae')],
      model: 'vae',
      data: 'binarized-mnist',
      seeds: SEEDS,
    },
    judge: ['classifier', 'default'],
    arms: { default: { label: "20 epochs, the assignment's settings" } },
    pictures: [
      { arm: 'default', figure: 'progress', file: 'docs/images/vae-progress.png' },
      { arm: 'default', figure: 'interpolation', file: 'docs/images/vae-interpolation.png' },
    ],
    measures: [
      {
        ...{ name: 'elbo', split: 'validation', label: 'ELBO (nats)', digits: 2 },
        gate: { value: -101.5, better: 'higher' },
        published: '-100.9 to -101.4, public runs of the same assignment',
      },
      BOUNDS[0]!,
      { ...BOUNDS[1]!, gate: { value: -96, better: 'higher' }, published: '-95.3 to -95.6, the same runs, K = 200' },
    ],
    note: "Larochelle's static binarisation.",
  },
  {
    ...{
      name: 'vae-mlp',
      documents: ['models/README.md', PAGES.mva, recipePage('vae-mlp')],
      model: 'vae-mlp',
      data: 'binarized-mnist',
      seeds: SEEDS,
    },
    judge: ['classifier', 'default'],
    arms: {
      'epochs-10': { label: '10 epochs, cosine of 10', set: { epochs: 10 } },
      'epochs-80': { label: '80 epochs, cosine of 80', set: { epochs: 80 } },
      'dynamic-80': {
        label: 'the same, images drawn anew in every step',
        data: 'mnist',
        set: { epochs: 80, binarisation: 'dynamic' },
      },
    },
    measures: BOUNDS,
    pictures: [{ arm: 'epochs-80', figure: 'grids', file: 'docs/systems/vae-mlp-grids.png' }],
    note: 'Gates: ELBO -105 after 10 epochs; ELBO -99 and log p(x) -94 after 80.',
  },
  {
    ...{
      name: 'vae-conv',
      documents: ['models/README.md', PAGES.mva, recipePage('vae-conv')],
      model: 'vae-conv',
      data: 'binarized-mnist',
      seeds: SEEDS,
    },
    judge: ['classifier', 'default'],
    arms: {
      'epochs-20': { label: '20 epochs, cosine of 20', set: { epochs: 20 } },
      'epochs-80': { label: '80 epochs, cosine of 80', set: { epochs: 80 } },
    },
    measures: BOUNDS,
    pictures: [{ arm: 'epochs-80', figure: 'grids', seed: 2, file: 'docs/systems/vae-conv-grids.png' }],
    note: 'Gate: 3 nats above vae-mlp.',
  },
  {
    ...{
      name: 'iwae',
      documents: ['models/README.md', recipePage('iwae')],
      model: 'iwae',
      data: 'mnist',
      seeds: SEEDS,
    },
    judge: ['classifier', 'default'],
    arms: {
      'iwae-5': { label: '`iwae`, 5 draws, 20 epochs', set: { epochs: 20 } },
      'dreg-5': { against: 'iwae-5', label: '`dreg`, 5 draws, 20 epochs', set: { epochs: 20, objective: 'dreg' } },
    },
    measures: [BOUNDS[1]!, BOUNDS[0]!],
    note: 'Images drawn anew in every step. Published, K = 5,000, after 3,280 epochs: -83.89 (5 draws), -82.90 (50) (Burda et al. 2016, table 1).',
  },
  {
    ...{
      name: 'cvae',
      documents: ['models/README.md', PAGES.eecs498, recipePage('cvae')],
      model: 'cvae',
      data: 'mnist',
      seeds: SEEDS,
    },
    judge: ['classifier', 'default'],
    arms: {
      'epochs-5': { label: '5 epochs', set: { epochs: 5 } },
      'class-prior': { against: 'epochs-5', label: '5 epochs, p(z given y)', set: { epochs: 5, prior: 'class' } },
    },
    measures: [
      { ...BOUNDS[0]!, label: 'bound on log p(x given y) (nats)', gate: { value: -105, better: 'higher' } },
      { ...BOUNDS[1]!, label: 'log p(x given y) (nats)' },
      {
        ...{ name: 'labelAgreement', split: 'test', label: 'samples read as the digit asked for (%)' },
        ...{ as: 'percent', digits: 1, gate: { value: 0.95, better: 'higher' } },
      },
    ],
    pictures: [{ arm: 'epochs-5', figure: 'classStrip', file: 'docs/systems/cvae-strip.png' }],
    note: 'Dynamic binarisation.',
  },
  {
    ...{
      name: 'vae-2d',
      documents: ['models/README.md', PAGES.cs446, recipePage('vae-2d')],
      model: 'vae-2d',
      data: 'mnist',
      seeds: SEEDS,
    },
    arms: { default: { label: '200 epochs of 10,000 images' } },
    measures: [
      ...BOUNDS,
      {
        ...{ name: 'latentNeighbours (k=10)', split: 'test', label: 'right by 10 nearest latent means (%)' },
        ...{ as: 'percent', digits: 1 },
      },
    ],
    pictures: [
      { arm: 'default', figure: 'dataSpace', file: 'docs/systems/vae-2d-samples.png' },
      { arm: 'default', figure: 'latentSpace', file: 'docs/systems/vae-2d-latent.png', width: 640 },
      { arm: 'default', figure: 'classInterpolation', file: 'docs/systems/vae-2d-interpolation.png' },
    ],
    note: 'Binarised by rounding; the first 10,000 training images, which the decoder overfits. With the constant learning rate the ELBO of the last epochs swings by several nats.',
  },
  {
    ...{
      name: 'vae-2d-first',
      documents: ['models/README.md'],
      model: 'vae-2d',
      data: 'mnist',
      seeds: Array.from({ length: 20 }, (_, index) => index + 1),
    },
    arms: { default: { label: 'the first 10 of 200 epochs', set: { epochs: 10 } } },
    measures: [1, 10].map((epoch) => ({
      ...{ name: 'firstBatchElbo', split: 'train', logged: epoch, digits: 1 },
      label: `bound of the first minibatch (nats), epoch ${epoch}`,
    })),
    note: 'Of the 100 images whose loss the assignment prints, before their update. Published: -182 (epoch 1), -161 (epoch 10).',
  },
];
