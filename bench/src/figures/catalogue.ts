import type { OptionValues } from '@onnx-forge/train/options';
import type { ArmOf, Study, StudyMeasure } from './study.js';

const SEEDS = [1, 2, 3];

/** A page for each of the assignments. */
const PAGES = {
  eecs498: 'docs/systems/000-eecs498-homework-3.md',
  cs446: 'docs/systems/002-cs446-homework-5.md',
  mva: 'docs/systems/003-mva-assignment-1.md',
  ift6135: 'docs/systems/004-ift6135-homework-3.md',
} as const;

/** The page of a recipe. */
const recipePage = (model: string): string => `docs/recipes/${model}.md`;

/** A judge's numbers about generated images; the gate is of those read with confidence. */
const judgedAt = (gate: number): readonly StudyMeasure[] => [
  {
    ...{
      name: 'confidentSamples',
      split: 'test',
      label: 'samples read with confidence > 0.9 (%)',
      as: 'percent',
      digits: 1,
    },
    gate: { value: gate, better: 'higher' },
  },
  { name: 'classesPresent', split: 'test', label: 'classes', digits: 1 },
  { name: 'frechetDistance', split: 'test', label: "Frechet distance, classifier's features", digits: 1 },
];

const BOUNDS: readonly StudyMeasure[] = [
  { name: 'elbo', split: 'test', label: 'ELBO (nats)', digits: 2 },
  { name: 'logLikelihood', split: 'test', draws: 200, label: 'log p(x) (nats)', digits: 2 },
];

const accuracy = (gate?: number): StudyMeasure => ({
  ...{ name: 'accuracy', split: 'test', label: 'accuracy (%)', as: 'percent', digits: 2 },
  ...(gate !== undefined && { gate: { value: gate, better: 'higher' } }),
});

const POOLING: Study['arms'] = {
  'max-5': { against: 'average-5', label: 'max pooling, kernel size 5', set: { pooling: 'max', kernelSize: 5 } },
  'average-5': { label: 'average pooling, kernel size 5', set: { pooling: 'average', kernelSize: 5 } },
  'max-7': { against: 'average-7', label: 'max pooling, kernel size 7', set: { pooling: 'max', kernelSize: 7 } },
  'average-7': { label: 'average pooling, kernel size 7', set: { pooling: 'average', kernelSize: 7 } },
};

const TRAINED: readonly Study[] = [
  {
    ...{
      name: 'classifier',
      documents: ['models/README.md', recipePage('classifier')],
      model: 'classifier',
      data: 'mnist',
      seeds: SEEDS,
    },
    arms: { default: { label: '6 epochs' } },
    pictures: [{ arm: 'default', figure: 'mistakes', file: 'docs/images/classifier-mistakes.png' }],
    measures: [
      accuracy(0.99),
      { name: 'worstClassAccuracy', split: 'test', label: 'worst class (%)', as: 'percent', digits: 1 },
    ],
  },
  {
    ...{
      name: 'classifier-colour',
      documents: ['models/README.md'],
      model: 'classifier',
      data: 'synthetic-house-numbers',
      seeds: SEEDS,
    },
    arms: { colour: { label: '`colour`, 6 epochs', preset: 'colour' } },
    measures: [
      accuracy(),
      { name: 'worstClassAccuracy', split: 'test', label: 'worst class (%)', as: 'percent', digits: 1 },
    ],
    note: 'The judge of wgan-lp.',
  },
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
      name: 'text-cnn-pooling',
      documents: ['models/README.md', PAGES.eecs498, recipePage('text-cnn')],
      model: 'text-cnn',
      data: 'sst2',
      seeds: SEEDS,
    },
    arms: POOLING,
    pictures: [
      {
        command: (run) => [
          ...['table', ...Object.keys(POOLING).flatMap((arm) => SEEDS.map((seed) => run(arm, seed)))],
          ...['--metric', 'accuracy', '--rows', 'pooling', '--columns', 'kernelSize'],
        ],
        file: 'docs/images/text-cnn-pooling.png',
      },
    ],
    measures: [{ ...accuracy(), published: '82.7 (Kim 2014: trained on phrases, three kernel sizes, 300 dimensions)' }],
  },
  {
    ...{
      name: 'seq2seq-attention',
      documents: ['docs/theory.md', PAGES.mva, recipePage('seq2seq')],
      model: 'seq2seq',
      data: 'eng-fra',
      seeds: SEEDS,
    },
    arms: {
      content: { label: 'attention by content' },
      position: { against: 'content', label: 'attention by position', set: { attention: 'position' } },
      none: { against: 'content', label: 'no attention', set: { attention: 'none' } },
      'eos-target': { against: 'content', label: 'by content, no EOS in the source', set: { eos: 'target' } },
      'eos-none': { against: 'content', label: 'by content, no EOS at all', set: { eos: 'none' } },
      'forcing-half': { against: 'content', label: 'by content, teacher forcing 0.5', set: { teacherForcing: 0.5 } },
      'forcing-none': { against: 'content', label: 'by content, no teacher forcing', set: { teacherForcing: 0 } },
    },
    pictures: [
      { arm: 'content', figure: 'attention', file: 'docs/images/seq2seq-attention.png' },
      { arm: 'content', figure: 'attentionOnMarks', file: 'docs/images/seq2seq-marks.png' },
      {
        command: (run) => [
          ...['bars', `by content=${run('content')}`, `none=${run('none')}`, '--metrics', 'bleu(*'],
          ...['--title', 'BLEU by the length of the source'],
        ],
        file: 'docs/images/seq2seq-by-length.png',
      },
      {
        command: (run) => [
          ...['chart', `1=${run('content')}`, `0.5=${run('forcing-half')}`, `0=${run('forcing-none')}`],
          ...['--metrics', 'crossEntropy,crossEntropyAlone', '--title', 'Ratio of teacher forcing'],
        ],
        file: 'docs/images/seq2seq-forcing.png',
      },
    ],
    measures: [
      { name: 'bleu', split: 'test', label: 'BLEU-4, greedy', digits: 1 },
      { name: 'bleuBeam5', split: 'test', label: 'BLEU-4, beam 5, length penalty 1', digits: 1 },
      { name: 'exactMatch', split: 'test', label: 'right to the word (%)', as: 'percent', digits: 1 },
      { name: 'lengthRatio', split: 'test', label: 'length ratio', digits: 2 },
    ],
    note: 'No English sentence is in two splits; one reference a sentence. The penalty was chosen among 0, 0.6, 1 and 1.5 on the 530 validation sentences.',
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
      ...{ name: 'firstBatchElbo', split: 'validation', logged: epoch, digits: 1 },
      label: `bound of the first minibatch (nats), epoch ${epoch}`,
    })),
    note: 'Of the 100 images whose loss the assignment prints, before their update. Published: -182 (epoch 1), -161 (epoch 10).',
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
        ...{
          against: 'tuned',
          label: '`tuned`, a wider discriminator, noise of 0.1 on its images, 20 epochs',
          preset: 'tuned',
        },
        set: { discriminatorWidth: 4, discriminatorRate: 1, instanceNoise: 0.1, averaging: 0.999, epochs: 20 },
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
  {
    ...{
      name: 'siamese-folds',
      documents: ['models/README.md', PAGES.eecs498, recipePage('siamese')],
      model: 'siamese',
      data: 'att-faces',
      seeds: SEEDS,
    },
    arms: Object.fromEntries(
      [0, 1, 2, 3].map((fold) => [`fold-${fold}`, { label: `fold ${fold}`, set: { fold } }] as const),
    ),
    pictures: [{ arm: 'fold-0', figure: 'distances', file: 'docs/images/siamese-distances.png' }],
    measures: [
      {
        name: 'auc',
        split: 'test',
        label: 'area under the ROC curve',
        digits: 3,
        published: '0.970 (PCA + LDA, random splits)',
      },
      { name: 'equalErrorRate', split: 'test', label: 'equal error rate (%)', as: 'percent', digits: 1 },
      { ...accuracy(), label: 'accuracy of balanced pairs (%)', digits: 1 },
    ],
    mean: 'mean of the folds',
    note: 'Pairs of ten people whom nobody trained on. Gates: area 0.975, equal error rate 8 %.',
  },
  {
    ...{
      name: 'siamese-lfw',
      documents: ['models/README.md', PAGES.eecs498],
      model: 'siamese',
      data: 'lfw',
      seeds: SEEDS,
    },
    arms: { lfw: { label: '`lfw`, 4 epochs', preset: 'lfw' } },
    measures: [
      { ...accuracy(), label: 'accuracy of balanced pairs (%)', digits: 1 },
      { name: 'auc', split: 'test', label: 'area under the ROC curve', digits: 3 },
    ],
    note: 'Pairs of 15 people whom nobody trained on. Published accuracies: 53 to 55 % (networks of this size, coursework), 87.5 % (Fisher vectors).',
  },
  {
    ...{
      name: 'simsiam',
      documents: ['models/README.md', PAGES.ift6135, recipePage('simsiam')],
      model: 'simsiam',
      data: 'cifar10',
      seeds: SEEDS,
    },
    arms: {
      'as-it-is': { label: 'as it is', preset: 'small', set: { batchSize: 256, epochs: 25 } },
      'no-stop-gradient': {
        ...{ against: 'as-it-is', label: 'without stop-gradient', preset: 'small' },
        set: { batchSize: 256, epochs: 25, stopGradient: false },
      },
      identity: {
        ...{ against: 'as-it-is', label: 'identity for a predictor', preset: 'small' },
        set: { batchSize: 256, epochs: 25, predictor: 'identity' },
      },
    },
    pictures: [
      {
        command: (run) => [
          ...['chart', `as it is=${run('as-it-is')}`, `without stop-gradient=${run('no-stop-gradient')}`],
          ...[`identity=${run('identity')}`, '--metrics', 'simsiam/similarity,knn,std'],
        ],
        file: 'docs/images/simsiam-collapse.png',
      },
    ],
    measures: [
      {
        name: 'knnAccuracy (k=200, T=0.1)',
        split: 'test',
        label: "neighbours' accuracy (%)",
        as: 'percent',
        digits: 1,
      },
      { name: 'relativeStd', split: 'test', label: 'std times sqrt(d)', digits: 3 },
      {
        ...{ name: 'knn', split: 'validation', logged: 0, as: 'percent', digits: 1 },
        label: "neighbours' accuracy before training (%)",
      },
    ],
    note: '25 epochs of 9,000 images.',
  },
  {
    ...{
      name: 'transformer',
      documents: ['models/README.md', PAGES.mva, recipePage('transformer')],
      model: 'transformer',
      data: 'tinyshakespeare',
      seeds: SEEDS,
    },
    arms: {
      'steps-2000': { label: '4 layers of width 128, 2,000 iterations', maxSteps: 2000 },
      'context-128': {
        label: 'the same with 128 characters of context, 18 epochs',
        preset: 'context128',
        set: { epochs: 18 },
      },
    },
    measures: [
      {
        ...{ name: 'crossEntropy', split: 'test', label: 'nats per character', digits: 3 },
        ...{ gate: { value: 1.88, better: 'lower' }, published: '1.88 (nanoGPT, same sizes)' },
      },
    ],
  },
];

/** Where a transformer normalises: nothing but the order, the depth and the warm-up differ. */
const DEPTH: OptionValues = {
  ...{ width: 64, blockSize: 32, batchSize: 16, epochs: 4, trainingCharacters: 60_000 },
  ...{ feedForward: false, embeddingScale: 0.7, schedule: 'constant', warmupSteps: 0, gradientNorms: true },
};

const ofDepth = (normalisation: 'pre' | 'post', layers: number, warmupSteps = 0) => ({
  label: `${layers} layers, ${normalisation}-LN${warmupSteps > 0 ? `, warm-up of ${warmupSteps} iterations` : ''}`,
  set: { ...DEPTH, normalisation, layers, warmupSteps },
});

const DEPTHS: Study = {
  name: 'transformer-depth',
  documents: ['docs/theory.md'],
  model: 'transformer',
  data: 'tinyshakespeare',
  seeds: SEEDS,
  arms: {
    'pre-24': ofDepth('pre', 24),
    'post-24': ofDepth('post', 24),
    'post-24-warmup': ofDepth('post', 24, 200),
    'post-12': ofDepth('post', 12),
    'post-12-warmup': ofDepth('post', 12, 200),
    'post-8': ofDepth('post', 8),
    'post-4': ofDepth('post', 4),
  },
  pictures: [
    { arm: 'post-24', figure: 'gradients', file: 'docs/images/transformer-gradients.png' },
    { arm: 'post-24', figure: 'depths', file: 'docs/images/transformer-depths.png' },
    {
      command: (run) => [
        ...['chart', ...['pre-24', 'post-24', 'post-12', 'post-8', 'post-4'].map((arm) => `${arm}=${run(arm)}`)],
        ...['--metrics', 'predict/loss', '--against', 'step', '--smooth', '5', '--title', 'Training loss'],
      ],
      file: 'docs/images/transformer-training.png',
    },
  ],
  measures: [
    { name: 'crossEntropy', split: 'validation', logged: 'last', label: 'nats per character, at the end', digits: 2 },
    ...([0, 1, 'last'] as const).map((logged) => ({
      ...({ name: 'gradientNormRatio', split: 'validation', logged, digits: 1, as: 'log10' } as const),
      label: `log10 of the gradient at x_1 over that at x_L, ${logged === 0 ? 'at the start' : logged === 1 ? 'after 117 iterations' : 'at the end'}`,
    })),
  ],
  note: 'Width 64, 4 heads, 32 characters of context, batch 16, Adam 3e-3 with gradients clipped to norm 1, 60,000 characters.',
};

/** The runs of another study. */
function runsOf(name: string, arm: string): ArmOf {
  const study = TRAINED.find((one) => one.name === name);
  if (study?.arms[arm] === undefined) throw new Error(`there is no study '${name}' with an arm '${arm}'`);
  return { study, arm };
}

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
    vae: { label: 'vae, 20 epochs (100 dimensions)', of: runsOf('vae', 'default') },
    'vae-mlp': { label: 'vae-mlp, 10 epochs (20)', of: runsOf('vae-mlp', 'epochs-10') },
    'vae-conv': { label: 'vae-conv, 20 epochs (20)', of: runsOf('vae-conv', 'epochs-20') },
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

const translators = (arm: string, label: string) => ({ label, of: runsOf('seq2seq-attention', arm) });

/** Loss of translators that are told the right words, and of those that go on from their own. */
const EXPOSURE: Study = {
  name: 'seq2seq-exposure',
  documents: ['docs/theory.md'],
  model: 'seq2seq',
  data: 'eng-fra',
  seeds: SEEDS,
  arms: {
    content: translators('content', 'attention by content'),
    'eos-target': translators('eos-target', 'by content, no EOS in the source'),
    none: translators('none', 'no attention'),
    'forcing-half': translators('forcing-half', 'by content, teacher forcing 0.5'),
    'forcing-none': translators('forcing-none', 'by content, no teacher forcing'),
  },
  measures: [
    {
      name: 'crossEntropy',
      split: 'validation',
      logged: 'last',
      label: 'nats per token, told the right ones',
      digits: 2,
    },
    {
      ...{ name: 'crossEntropyAlone', split: 'validation', logged: 'last', digits: 2 },
      label: 'nats per token, going on from its own',
    },
  ],
};

/** Several translators as one. */
const TOGETHER: Study = {
  name: 'seq2seq-together',
  documents: [PAGES.mva, recipePage('seq2seq')],
  model: 'seq2seq',
  data: 'eng-fra',
  seeds: SEEDS,
  together: true,
  arms: {
    content: { label: 'attention by content', of: runsOf('seq2seq-attention', 'content') },
    'eos-target': { label: 'by content, no EOS in the source', of: runsOf('seq2seq-attention', 'eos-target') },
  },
  measures: [
    { name: 'bleuTogether', split: 'test', label: 'BLEU-4, beam 5, length penalty 1', digits: 1 },
    { name: 'exactMatchTogether', split: 'test', label: 'right to the word (%)', as: 'percent', digits: 1 },
    { name: 'lengthRatioTogether', split: 'test', label: 'length ratio', digits: 2 },
  ],
  note: "The mean of the models' log-probabilities decides each word (Sutskever et al. 2014).",
};

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
      of: runsOf('vae-mlp', 'epochs-80'),
      published: '-88.71 (1 draw)',
    },
    'static-iwae-5': {
      label: 'vae-mlp, static, `elbo`, 80 epochs, then `iwae`, 5 draws, 20 epochs',
      from: runsOf('vae-mlp', 'epochs-80'),
      set: { ...SHARPENED, epochs: 20, objective: 'iwae', importanceSamples: 5 },
      published: '-87.63 (5)',
    },
    'static-dreg-50': {
      label: 'vae-mlp, static, `elbo`, 80 epochs, then `dreg`, 50 draws, 5 epochs',
      from: runsOf('vae-mlp', 'epochs-80'),
      set: { ...SHARPENED, epochs: 5, objective: 'dreg', importanceSamples: 50 },
      published: '-87.10 (50), best -86.71',
    },
    'conv-static-elbo': {
      label: 'vae-conv, static, `elbo`, 80 epochs',
      of: runsOf('vae-conv', 'epochs-80'),
      published: 'one layer: best -86.71; a ladder of convolutions: -78.30',
    },
    'conv-static-dreg-8': {
      label: 'vae-conv, static, `elbo`, 80 epochs, then `dreg`, 8 draws, 4 epochs',
      model: 'vae-conv',
      from: runsOf('vae-conv', 'epochs-80'),
      set: { ...SHARPENED, epochs: 4, objective: 'dreg', importanceSamples: 8 },
      published: 'one layer: best -86.71; a ladder of convolutions: -78.30',
    },
    'dynamic-elbo': {
      label: 'vae-mlp, dynamic, `elbo`, 80 epochs',
      of: runsOf('vae-mlp', 'dynamic-80'),
      published: burda(-86.76, 1),
    },
    'dynamic-iwae-5': {
      label: 'vae-mlp, dynamic, `elbo`, 80 epochs, then `iwae`, 5 draws, 20 epochs',
      data: 'mnist',
      from: runsOf('vae-mlp', 'dynamic-80'),
      set: { ...SHARPENED, epochs: 20, binarisation: 'dynamic', objective: 'iwae', importanceSamples: 5 },
      published: burda(-85.54, 5),
    },
    'two-layers-dreg-5': {
      label: 'iwae (two layers), dynamic, `dreg`, 5 draws, 20 epochs',
      of: runsOf('iwae', 'dreg-5'),
      published: burda(-83.89, 5),
    },
    'class-prior': {
      label: 'cvae, dynamic, p(z given y), `elbo`, 5 epochs: log p(x given y)',
      of: runsOf('cvae', 'class-prior'),
      published: `-80.78 by \`iwae\` (${REPRODUCED})`,
    },
  },
  measures: [
    { name: 'logLikelihood', split: 'test', draws: 5000, label: 'log p(x) (nats)', digits: 2 },
    { name: 'elbo', split: 'test', label: 'ELBO (nats)', digits: 2 },
  ],
  note: 'Published numbers are of all 10,000 test images, and of trainings of 3,280 epochs. Hours are those of one thread, beside other work.',
};

/** The figures of the documents, in the order in which they are trained: the judge first, then the cheap ones, the longest last. */
export const STUDIES: readonly Study[] = [...TRAINED, DEPTHS, EXPOSURE, CERTIFY, TOGETHER, MARKS];
