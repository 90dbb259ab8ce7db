import type { Study } from '../study.js';
import { LATENT } from './latent.js';
import { runsOf, SEEDS } from './shared.js';

/** Sizes of the certificates, alike for all models. */
const CERTIFICATE = { samples: 1000, examples: 200, annealed: 20, steps: 500, chains: 4, compressed: 1000 };

/** Certified likelihoods of the models of other studies. */
const CERTIFY: Study = {
  name: 'certify',
  documents: ['docs/likelihoods.md'],
  model: 'vae',
  data: 'binarized-mnist',
  seeds: SEEDS,
  certificate: CERTIFICATE,
  numbersAsRows: true,
  arms: {
    vae: { label: 'vae, 20 epochs (100 dimensions)', of: runsOf(LATENT, 'vae', 'default') },
    'vae-mlp': { label: 'vae-mlp, 10 epochs (20)', of: runsOf(LATENT, 'vae-mlp', 'epochs-10') },
    'vae-conv': { label: 'vae-conv, 20 epochs (20)', of: runsOf(LATENT, 'vae-conv', 'epochs-20') },
  },
  measures: [
    { name: 'logLikelihood', split: 'test', draws: CERTIFICATE.samples, label: '`logLikelihood`', digits: 2 },
    { name: 'paretoK', split: 'test', draws: CERTIFICATE.samples, label: '`paretoK`', digits: 2 },
    { name: 'unreliableWeights', split: 'test', draws: CERTIFICATE.samples, label: '`unreliableWeights`', digits: 2 },
    {
      ...{ name: 'effectiveSampleSize', split: 'test', draws: CERTIFICATE.samples },
      ...{ label: '`effectiveSampleSize`', digits: 0 },
    },
    { name: 'activeUnits', split: 'test', label: '`activeUnits`', digits: 1 },
    { name: 'annealedLogLikelihood', split: 'test', label: '`annealedLogLikelihood`', digits: 2 },
    { name: 'annealedGain', split: 'test', label: '`annealedGain`', digits: 2 },
    { name: 'simulatedGap', split: 'test', label: "`simulatedGap`, of the model's images", digits: 2 },
    { name: 'codeLength', split: 'test', label: '`codeLength`', digits: 2 },
    { name: 'netCodeLength', split: 'test', label: '`netCodeLength`', digits: 2 },
    { name: 'codedElbo', split: 'test', label: '`codedElbo`', digits: 2 },
    { name: 'codeExcess', split: 'test', label: '`codeExcess` (%)', as: 'percent', digits: 2 },
    { name: 'decodedExactly', split: 'test', label: '`decodedExactly`', digits: 0 },
  ],
  note: `Nats per image where nothing else is said; annealing through ${CERTIFICATE.steps} densities. K of the annealed numbers is that of the chains.`,
};

/** An independent reproduction of Burda et al. 2016, 3,280 epochs: github.com/nbip/IWAE. */
const REPRODUCED = 'nbip/IWAE on GitHub';

const burda = (value: number, draws: number) => `${value.toFixed(2)} (${draws}; Burda et al. 2016)`;

/** From a model that its ELBO trained: the schedule begins at half the learning rate, and ends at 0. */
const SHARPENED = { learningRate: 5e-4, averaging: 0.999 };

/** Trainings beside what papers reach: by the ELBO, and by importance sampling from there. */
const MARKS: Study = {
  name: 'marks',
  documents: ['docs/likelihoods.md'],
  model: 'vae-mlp',
  data: 'binarized-mnist',
  seeds: SEEDS,
  hours: true,
  evaluation: { samples: 5000, examples: 1000 },
  arms: {
    'static-elbo': {
      label: 'vae-mlp, static, `elbo`, 80 epochs',
      of: runsOf(LATENT, 'vae-mlp', 'epochs-80'),
      published: '-88.71 (1 draw)',
    },
    'static-iwae-5': {
      label: 'vae-mlp, static, `elbo`, 80 epochs, then `iwae`, 5 draws, 20 epochs',
      from: runsOf(LATENT, 'vae-mlp', 'epochs-80'),
      set: { ...SHARPENED, epochs: 20, objective: 'iwae', importanceSamples: 5 },
      published: '-87.63 (5)',
    },
    'static-dreg-50': {
      label: 'vae-mlp, static, `elbo`, 80 epochs, then `dreg`, 50 draws, 3 epochs',
      from: runsOf(LATENT, 'vae-mlp', 'epochs-80'),
      set: { ...SHARPENED, epochs: 3, objective: 'dreg', importanceSamples: 50 },
      published: '-87.10 (50), best -86.71',
    },
    'conv-static-elbo': {
      label: 'vae-conv, static, `elbo`, 80 epochs',
      of: runsOf(LATENT, 'vae-conv', 'epochs-80'),
      published: 'one layer: best -86.71; a ladder of convolutions: -78.30',
    },
    'conv-static-dreg-8': {
      label: 'vae-conv, static, `elbo`, 80 epochs, then `dreg`, 8 draws, 4 epochs',
      model: 'vae-conv',
      from: runsOf(LATENT, 'vae-conv', 'epochs-80'),
      set: { ...SHARPENED, epochs: 4, objective: 'dreg', importanceSamples: 8 },
      published: 'one layer: best -86.71; a ladder of convolutions: -78.30',
    },
    'dynamic-elbo': {
      label: 'vae-mlp, dynamic, `elbo`, 80 epochs',
      of: runsOf(LATENT, 'vae-mlp', 'dynamic-80'),
      published: burda(-86.76, 1),
    },
    'two-layers-dreg-5': {
      label: 'iwae (two layers), dynamic, `dreg`, 5 draws, 20 epochs',
      of: runsOf(LATENT, 'iwae', 'dreg-5'),
      published: burda(-83.89, 5),
    },
    'class-prior': {
      label: 'cvae, dynamic, p(z given y), `elbo`, 5 epochs: log p(x given y)',
      of: runsOf(LATENT, 'cvae', 'class-prior'),
      published: `-80.78 by \`iwae\` (${REPRODUCED})`,
    },
  },
  measures: [
    { name: 'logLikelihood', split: 'test', draws: 5000, label: 'log p(x) (nats)', digits: 2 },
    { name: 'elbo', split: 'test', label: 'ELBO (nats)', digits: 2 },
  ],
  note: 'Published numbers are of all 10,000 test images, and of trainings of 3,280 epochs. Hours are those of one thread, beside other work.',
};

/** Likelihoods of latent-variable models: certified, and beside what papers reach. */
export const LIKELIHOODS: readonly Study[] = [CERTIFY, MARKS];
