import type { ClassifierModel, EmbeddingModel } from '@onnx-forge/infer';
import { z } from 'zod';
import { imagesSchema, readImages } from './images.js';
import { type Answer, type OperationLimits, type Operations, operation } from './operation.js';
import { rowsOf } from './rows.js';

export function classifierOperations(model: ClassifierModel, { examples }: OperationLimits): Operations {
  const { classes, image } = model.manifest.serve;
  return {
    classify: operation({
      summary: 'Class of each image, with probabilities',
      body: z.strictObject({ images: imagesSchema(examples) }),
      answers: 'classes: all names; labels, confidences: of each image; probabilities: of each image and class',
      async run({ images }, { signal }): Promise<Answer> {
        const { labels, confidences, probabilities } = await model.classify(readImages(images, image), { signal });
        const names = Array.from(labels, (label) => classes[label]!);
        return {
          json: { classes, labels: names, confidences: [...confidences], probabilities: rowsOf(probabilities) },
        };
      },
    }),
  };
}

export function embeddingOperations(model: EmbeddingModel, { examples }: OperationLimits): Operations {
  const { image } = model.manifest.serve;
  const pairs = z.strictObject({ a: imagesSchema(examples), b: imagesSchema(examples) });
  return {
    embed: operation({
      summary: 'A vector for each image',
      body: z.strictObject({ images: imagesSchema(examples) }),
      answers: 'embeddings: a list of numbers for each image',
      async run({ images }, { signal }): Promise<Answer> {
        return { json: { embeddings: rowsOf(await model.embed(readImages(images, image), { signal })) } };
      },
    }),
    compare: operation({
      summary: 'How unlike the images of each pair are',
      body: pairs,
      answers: 'metric; dissimilarity: of each pair',
      async run({ a, b }, { signal }): Promise<Answer> {
        const dissimilarity = await model.compare(readImages(a, image), readImages(b, image), { signal });
        return { json: { metric: model.metric, dissimilarity: [...dissimilarity] } };
      },
    }),
  };
}
