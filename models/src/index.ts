import type { Recipe } from '@onnx-forge/train';

export type RecipeName =
  | 'vae'
  | 'classifier'
  | 'vae-2d'
  | 'vae-mlp'
  | 'vae-conv'
  | 'iwae'
  | 'cvae'
  | 'gan'
  | 'dcgan'
  | 'wgan-lp'
  | 'siamese'
  | 'simsiam'
  | 'text-cnn'
  | 'transformer'
  | 'seq2seq';

/** Every recipe by name; a recipe's file is read when it is asked for. */
export const recipes: Readonly<Record<RecipeName, () => Promise<{ readonly default: Recipe }>>> = {
  vae: () => import('./vae.js'),
  classifier: () => import('./classifier.js'),
  'vae-2d': () => import('./vae-2d.js'),
  'vae-mlp': () => import('./vae-mlp.js'),
  'vae-conv': () => import('./vae-conv.js'),
  iwae: () => import('./iwae.js'),
  cvae: () => import('./cvae.js'),
  gan: () => import('./gan.js'),
  dcgan: () => import('./dcgan.js'),
  'wgan-lp': () => import('./wgan-lp.js'),
  siamese: () => import('./siamese.js'),
  simsiam: () => import('./simsiam.js'),
  'text-cnn': () => import('./text-cnn.js'),
  transformer: () => import('./transformer.js'),
  seq2seq: () => import('./seq2seq.js'),
};
