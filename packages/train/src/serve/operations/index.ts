import type { Model } from '@onnx-forge/infer';
import { generativeOperations } from './generative.js';
import { classifierOperations, embeddingOperations } from './images-in.js';
import type { OperationLimits, Operations } from './operation.js';
import { languageModelOperations, textClassifierOperations, translatorOperations } from './texts.js';

/** The operations that a loaded model has over HTTP. */
export function operationsOf(model: Model, limits: OperationLimits): Operations {
  switch (model.kind) {
    case 'latent':
    case 'conditional':
    case 'generator':
      return generativeOperations(model, limits);
    case 'classifier':
      return classifierOperations(model, limits);
    case 'embedding':
      return embeddingOperations(model, limits);
    case 'text-classifier':
      return textClassifierOperations(model, limits);
    case 'translator':
      return translatorOperations(model, limits);
    case 'language-model':
      return languageModelOperations(model);
  }
}
