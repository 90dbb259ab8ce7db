import type { Study } from '../study.js';
import { accuracy, PAGES, recipePage, SEEDS } from './shared.js';

/** Classifiers of images, and embeddings of them. */
export const RECOGNITION: readonly Study[] = [
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
      name: 'siamese-folds',
      documents: ['models/README.md', PAGES.eecs498, recipePage('siamese')],
      model: 'siamese',
      data: 'att-faces',
      seeds: SEEDS,
    },
    arms: Object.fromEntries(
      [0, 1, 2, 3].map((fold) => [`fold-${fold}`, { label: `fold ${fold}`, set: { fold } }] as const),
    ),
    pictures: [
      { arm: 'fold-0', figure: 'distances', file: 'docs/images/siamese-distances.png' },
      { arm: 'fold-0', figure: 'loss', file: 'docs/systems/siamese-loss.png' },
      { arm: 'fold-0', figure: 'pairs', part: 'test', file: 'docs/systems/siamese-pairs.png' },
    ],
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
      name: 'siamese-assignment',
      documents: [PAGES.eecs498],
      model: 'siamese',
      data: 'att-faces',
      seeds: SEEDS,
    },
    arms: { 'fold-0': { label: '`assignment`, 10 epochs, fold 0', preset: 'assignment', set: { epochs: 10 } } },
    measures: [
      { name: 'auc', split: 'test', label: 'area under the ROC curve', digits: 3 },
      { name: 'equalErrorRate', split: 'test', label: 'equal error rate (%)', as: 'percent', digits: 1 },
      { ...accuracy(), label: 'accuracy of balanced pairs (%)', digits: 1 },
    ],
    pictures: [{ arm: 'fold-0', figure: 'loss', file: 'docs/systems/siamese-assignment-loss.png' }],
    note: 'Pairs of ten people whom nobody trained on.',
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
    pictures: [
      { arm: 'lfw', figure: 'loss', file: 'docs/systems/siamese-lfw-loss.png' },
      { arm: 'lfw', figure: 'pairs', part: 'test', file: 'docs/systems/siamese-lfw-pairs.png' },
    ],
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
];
