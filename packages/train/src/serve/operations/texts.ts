import type { LanguageModel, TextClassifierModel, TranslatorModel } from '@onnx-forge/infer';
import { z } from 'zod';
import { type Answer, type OperationLimits, type Operations, operation } from './operation.js';
import { rowsOf } from './rows.js';

/** Characters of a text of a request. */
const MOST_CHARACTERS = 10_000;

const text = z.string().max(MOST_CHARACTERS);

export function textClassifierOperations(model: TextClassifierModel, { examples }: OperationLimits): Operations {
  return {
    classify: operation({
      summary: 'Class of each text, with probabilities',
      body: z.strictObject({ texts: z.array(text).min(1).max(examples) }),
      answers:
        'classes: all names; labels, confidences: of each text; probabilities: of each text and class; unknown: its words that the vocabulary lacks',
      async run({ texts }, { signal }): Promise<Answer> {
        const { labels, confidences, probabilities, unknown } = await model.classify(texts, { signal });
        const { classes } = model;
        const names = Array.from(labels, (label) => classes[label]!);
        return {
          json: {
            classes,
            labels: names,
            confidences: [...confidences],
            probabilities: rowsOf(probabilities),
            unknown,
          },
        };
      },
    }),
  };
}

export function translatorOperations(model: TranslatorModel, { examples }: OperationLimits): Operations {
  return {
    translate: operation({
      summary: 'Translations of sentences',
      body: z.strictObject({
        texts: z.array(text).min(1).max(examples),
        beam: z.int().min(1).max(16).default(1).describe('hypotheses that are followed; 1: the likeliest token always'),
      }),
      answers: 'translations: text, tokens and logProb (nats) of each',
      async run({ texts, beam }, { signal }): Promise<Answer> {
        const translations = await model.translate(texts, { beam, signal });
        return {
          json: {
            translations: translations.map(({ text: made, tokens, logProb }) => ({ text: made, tokens, logProb })),
          },
        };
      },
    }),
  };
}

export function languageModelOperations(model: LanguageModel): Operations {
  return {
    generate: operation({
      summary: 'Text that goes on from a prompt',
      body: z.strictObject({
        prompt: text.default(''),
        length: z.int().min(1).max(MOST_CHARACTERS).default(200).describe('tokens'),
        temperature: z.number().positive().default(1),
        topK: z.int().min(1).optional(),
        seed: z.int().default(1),
      }),
      answers: 'lines of JSON: text, a piece at a time',
      run({ prompt, topK, ...options }, { signal }): Answer {
        const pieces = model.generate.stream(prompt, { ...options, ...(topK !== undefined && { topK }), signal });
        return { lines: textLines(pieces) };
      },
    }),
    'log-probability': operation({
      summary: 'Log-probability of a text, in nats per token',
      body: z.strictObject({ text }),
      answers: 'mean, standardError, values: of each token after the first',
      async run({ text: given }, { signal }): Promise<Answer> {
        const { mean, standardError, values } = await model.logProb(given, { signal });
        return { json: { mean, standardError, values: [...values] } };
      },
    }),
  };
}

async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<object> {
  for await (const piece of pieces) yield { text: piece };
}
