import type { OptionValues } from '@onnx-forge/train/options';
import type { Study } from '../study.js';
import { accuracy, PAGES, recipePage, runsOf, SEEDS } from './shared.js';

const POOLING: Study['arms'] = {
  'max-5': { against: 'average-5', label: 'max pooling, kernel size 5', set: { pooling: 'max', kernelSize: 5 } },
  'average-5': { label: 'average pooling, kernel size 5', set: { pooling: 'average', kernelSize: 5 } },
  'max-7': { against: 'average-7', label: 'max pooling, kernel size 7', set: { pooling: 'max', kernelSize: 7 } },
  'average-7': { label: 'average pooling, kernel size 7', set: { pooling: 'average', kernelSize: 7 } },
};

/** Trainings that other studies measure, too. */
const TRAINED: readonly Study[] = [
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
      sos: { against: 'content', label: 'by content, SOS in the source', set: { sos: true } },
      'eos-none': { against: 'content', label: 'by content, no EOS at all', set: { eos: 'none' } },
      'forcing-half': { against: 'content', label: 'by content, teacher forcing 0.5', set: { teacherForcing: 0.5 } },
      'forcing-none': { against: 'content', label: 'by content, no teacher forcing', set: { teacherForcing: 0 } },
    },
    pictures: [
      { arm: 'content', figure: 'attention', file: 'docs/images/seq2seq-attention.png' },
      { arm: 'content', figure: 'attentionOnMarks', file: 'docs/images/seq2seq-marks.png' },
      { arm: 'sos', figure: 'attentionOnMarks', file: 'docs/systems/seq2seq-sos-marks.png', width: 680 },
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
      name: 'transformer',
      documents: ['models/README.md', PAGES.mva, recipePage('transformer')],
      model: 'transformer',
      data: 'tinyshakespeare',
      seeds: SEEDS,
    },
    arms: {
      'steps-2000': { label: '4 layers of width 128, 2,000 iterations', maxSteps: 2000 },
      'context-128': {
        label: 'the same with 128 characters of context, 6 epochs',
        preset: 'context128',
        set: { epochs: 6 },
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
    'pre-4': ofDepth('pre', 4),
  },
  pictures: [
    { arm: 'post-24', figure: 'gradients', file: 'docs/images/transformer-gradients.png' },
    { arm: 'post-24', figure: 'depths', file: 'docs/images/transformer-depths.png' },
    {
      command: (run) => [
        ...['chart', ...['pre-24', 'post-24', 'post-12', 'post-8', 'post-4'].map((arm) => `${arm}=${run(arm)}`)],
        ...['--metrics', 'predict/loss', '--against', 'step', '--title', 'Training loss'],
      ],
      file: 'docs/images/transformer-training.png',
    },
    {
      command: (run) => [
        ...['chart', ...['pre-24', 'pre-4', 'post-4', 'post-24'].map((arm) => `${arm}=${run(arm)}`)],
        ...['--metrics', 'gradientNormRatio', '--against', 'step', '--scale', 'log'],
        ...['--title', 'Gradient at the first layer over that at the last'],
      ],
      file: 'docs/systems/transformer-gradient-ratio.png',
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

const translators = (arm: string, label: string) => ({ label, of: runsOf(TRAINED, 'seq2seq-attention', arm) });

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
    content: { label: 'attention by content', of: runsOf(TRAINED, 'seq2seq-attention', 'content') },
    'eos-target': { label: 'by content, no EOS in the source', of: runsOf(TRAINED, 'seq2seq-attention', 'eos-target') },
  },
  measures: [
    { name: 'bleuTogether', split: 'test', label: 'BLEU-4, beam 5, length penalty 1', digits: 1 },
    { name: 'exactMatchTogether', split: 'test', label: 'right to the word (%)', as: 'percent', digits: 1 },
    { name: 'lengthRatioTogether', split: 'test', label: 'length ratio', digits: 2 },
  ],
  note: "The mean of the models' log-probabilities decides each word (Sutskever et al. 2014).",
};

/** Classifiers, translators and language models. */
export const TEXT: readonly Study[] = [...TRAINED, DEPTHS, EXPOSURE, TOGETHER];
