import type { CommandEntry } from '../command.js';

/** Every command, in the order of the help. A command's file is loaded when it runs or explains itself. */
export const commands: readonly CommandEntry[] = [
  {
    group: 'Train',
    usage: 'demo [model]',
    summary: 'See the whole way in about two minutes: train, export, verify, evaluate, draw',
    load: () => import('./demo.js'),
  },
  {
    group: 'Train',
    usage: 'models [name]',
    summary: 'List the recipes: name, task, data sets, options, source',
    load: () => import('./models.js'),
  },
  {
    group: 'Train',
    usage: 'train [model..]',
    summary: 'Train recipes: checkpoints, metrics, ONNX graphs, evaluation, figures',
    load: () => import('./train.js'),
  },
  {
    group: 'Train',
    usage: 'sweep <what> [folder] [trial]',
    summary: 'Train with many settings, here or on a cluster, and find the best',
    load: () => import('./sweep.js'),
  },
  {
    group: 'Evaluate',
    usage: 'eval <run..>',
    summary: 'Measure trained runs on their exported graphs',
    load: () => import('./eval.js'),
  },
  {
    group: 'Evaluate',
    usage: 'verify <run>',
    summary: 'Compare every graph of a run with tfjs, on one or all devices',
    load: () => import('./verify.js'),
  },
  {
    group: 'Evaluate',
    usage: 'table <run..>',
    summary: 'Set a measured number of several runs in a table of their options',
    load: () => import('./table.js'),
  },
  {
    group: 'Look',
    usage: 'figures <run..>',
    summary: 'Draw the figures of trained runs again',
    load: () => import('./figures.js'),
  },
  {
    group: 'Look',
    usage: 'chart <run..>',
    summary: 'Draw logged metrics of several runs in one chart',
    load: () => import('./chart.js'),
  },
  {
    group: 'Look',
    usage: 'bars <run..>',
    summary: 'Draw measured numbers of several runs side by side',
    load: () => import('./bars.js'),
  },
  {
    group: 'Look',
    usage: 'explore <run..>',
    summary: 'Explore trained runs in the browser: drag through latent spaces, draw, compare, translate',
    load: () => import('./explore.js'),
  },
  {
    group: 'Use',
    usage: 'serve <run..>',
    summary: 'Answer HTTP requests with trained runs: a JSON API with its OpenAPI description',
    load: () => import('./serve.js'),
  },
  {
    group: 'Use',
    usage: 'sample <run>',
    summary: 'Draw samples of a trained model as one PNG',
    load: () => import('./sample.js'),
  },
  {
    group: 'Use',
    usage: 'interpolate <run>',
    summary: 'Draw the way from one sample to another, in latent and in data space',
    load: () => import('./interpolate.js'),
  },
  {
    group: 'Use',
    usage: 'perturb <run>',
    summary: 'Draw what single latent dimensions do',
    load: () => import('./perturb.js'),
  },
  {
    group: 'Use',
    usage: 'generate <run>',
    summary: 'Let a language model go on from a prompt',
    load: () => import('./generate.js'),
  },
  {
    group: 'Use',
    usage: 'translate <run> <text..>',
    summary: 'Translate sentences with a trained model',
    load: () => import('./translate.js'),
  },
  {
    group: 'Use',
    usage: 'classify <run> [text..]',
    summary: 'Tell the class of texts with a trained text classifier',
    load: () => import('./classify.js'),
  },
  {
    group: 'Use',
    usage: 'compare <run> <a> <b>',
    summary: 'Tell how unlike two images are, and whether they show the same',
    load: () => import('./compare.js'),
  },
  {
    group: 'Use',
    usage: 'embed <run> [files..]',
    summary: 'Place images as vectors with a trained embedding model',
    load: () => import('./embed.js'),
  },
  {
    group: 'Export',
    usage: 'export <source>',
    summary: "Write a run's graphs, or your own saved model, as ONNX",
    load: () => import('./export.js'),
  },
  {
    group: 'Environment',
    usage: 'data <action> [name..]',
    summary: 'List, fetch and verify data sets; describe your own',
    load: () => import('./data.js'),
  },
  {
    group: 'Environment',
    usage: 'doctor',
    summary: 'Show which devices and tfjs backends work here, and why others do not',
    load: () => import('./doctor.js'),
  },
];
