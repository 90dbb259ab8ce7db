import {
  asciiWords,
  END,
  type ModelOf,
  START,
  type TranslateOptions,
  type Translation,
  type TranslatorModel,
} from '@onnx-forge/infer';
import type { DataSet, SplitName } from '../../../data/data-set.js';
import { textsOf } from '../../../data/prepare/vocabulary.js';
import { corpusBleu } from '../../../measures/bleu.js';
import type { Measure, Measurement, MeasureRequest } from '../../../measures/measure.js';
import { measuredFraction } from '../../../measures/measured-fraction.js';

/** How sentences are searched for, and by which models. */
type Search = Pick<TranslateOptions, 'beam' | 'lengthPenalty' | 'ensemble'>;

/** Of the second row of measurements; the first is greedy. */
const BEAM: Search = { beam: 5, lengthPenalty: 1 };

/** A sentence, its translation by the model, and the right one. */
export interface TranslatedSentence {
  readonly source: string;
  /** Words and marks of the source. */
  readonly sourceWords: number;
  /** Undefined where the model refuses the sentence, because it knows no word of it. */
  readonly translation: Translation | undefined;
  readonly words: readonly string[];
  readonly reference: readonly string[];
}

/** Every sentence of a split translated; one that the model refuses gets no words. */
export async function translateSplit(
  model: ModelOf<'translator'>,
  data: DataSet,
  { split, signal, onProgress, ...search }: Search & Pick<MeasureRequest, 'split' | 'signal' | 'onProgress'>,
): Promise<TranslatedSentence[]> {
  const sources = textsOf(data, split, 'source');
  const targets = textsOf(data, split, 'target');
  const readable = sources.flatMap((text, index) => (model.refusal(text) === undefined ? [index] : []));
  const translations = await model.translate(
    readable.map((index) => sources[index]!),
    {
      ...search,
      signal,
      onProgress: ({ done, total }) => onProgress?.(`translating, beam ${search.beam}`, done / total),
    },
  );
  const found = new Map(readable.map((index, i) => [index, translations[i]!]));
  return sources.map((source, index) => {
    const translation = found.get(index);
    return {
      source,
      sourceWords: asciiWords(source).length,
      translation,
      words: translation ? wordsOf(translation) : [],
      reference: asciiWords(targets[index]!),
    };
  });
}

/** A translation without its end mark. */
export function wordsOf({ tokens }: Translation): string[] {
  return tokens.filter((token) => token !== END);
}

/** BLEU-4 of translated sentences, one reference each. */
export function bleuOf(sentences: readonly Pick<TranslatedSentence, 'words' | 'reference'>[]): number {
  return corpusBleu(
    sentences.map(({ words }) => words),
    sentences.map(({ reference }) => [reference]),
  ).score;
}

/** Source lengths that BLEU is given for, both ends counted; long enough that each has hundreds of sentences. */
export const LENGTH_GROUPS: readonly { readonly name: string; readonly least: number; readonly most: number }[] = [
  { name: '2-4', least: 2, most: 4 },
  { name: '5', least: 5, most: 5 },
  { name: '6', least: 6, most: 6 },
  { name: '7', least: 7, most: 7 },
  { name: '8-9', least: 8, most: 9 },
];

/** BLEU-4, the part translated to the word, and the words of the translations over those of the references. */
function quality(sentences: readonly TranslatedSentence[], search: string, split: SplitName): Measurement[] {
  const about = { split, examples: sentences.length };
  const exact = sentences.filter(({ words, reference }) => words.join(' ') === reference.join(' ')).length;
  const count = (side: 'words' | 'reference') => sentences.reduce((sum, one) => sum + one[side].length, 0);
  return [
    { name: `bleu${search}`, value: bleuOf(sentences), unit: 'BLEU-4', ...about },
    measuredFraction(`exactMatch${search}`, exact / sentences.length, about),
    { name: `lengthRatio${search}`, value: count('words') / count('reference'), unit: 'ratio', ...about },
  ];
}

/**
 * On held-out sentences, one reference each, end marks left out: BLEU-4 of the corpus, the part translated to the word, the
 * words of the translations over those of the references (greedy, and with a beam of 5 and a length penalty of 1); and of the greedy ones BLEU by the
 * length of the source, and the mean attention on the source's marks, over all steps and by what is written there.
 */
export const translation: Measure<'translator'> = async (model, data, request) => {
  const { split, signal, onProgress } = request;
  const work = { split, ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const sentences = await translateSplit(model, data, { ...work, beam: 1 });
  const measurements = quality(sentences, '', split);
  const about = { split, examples: sentences.length };
  for (const { name, least, most } of LENGTH_GROUPS) {
    const group = sentences.filter(({ sourceWords }) => sourceWords >= least && sourceWords <= most);
    if (group.length === 0) continue;
    const value = bleuOf(group);
    measurements.push({ name: `bleu(${name} words)`, value, unit: 'BLEU-4', split, examples: group.length });
  }
  for (const mark of [START, END]) {
    const paid = attentionOn(sentences, (token) => token === mark);
    for (const { name, written } of WRITTEN) {
      const values = paid.flatMap(({ tokens, parts }) => parts.filter((_, step) => written(tokens[step]!)));
      if (values.length === 0) continue;
      const value = values.reduce((sum, one) => sum + one, 0) / values.length;
      measurements.push({ name: `attention(${mark})${name}`, value, unit: 'fraction', ...about });
    }
  }
  const searched = await translateSplit(model, data, { ...work, ...BEAM });
  return [...measurements, ...quality(searched, `Beam${BEAM.beam}`, split)];
};

/** The same numbers of what a model writes together with others: `bleuTogether` ... */
export function translationTogether(others: readonly TranslatorModel[]): Measure<'translator'> {
  return async (model, data, { split, signal, onProgress }) => {
    const work = { split, ...(signal && { signal }), ...(onProgress && { onProgress }) };
    const sentences = await translateSplit(model, data, { ...work, ...BEAM, ensemble: others });
    return quality(sentences, 'Together', split);
  };
}

/** Steps of the decoder by what it writes there. */
const WRITTEN: readonly { readonly name: string; written(token: string): boolean }[] = [
  { name: '', written: () => true },
  { name: ' writing words', written: (token) => token !== END && /\p{L}/u.test(token) },
  { name: ' writing .?!', written: (token) => /^[.?!]$/.test(token) },
  { name: ` writing ${END}`, written: (token) => token === END },
];

/** Attention of one sentence's translation. */
export interface PaidAttention {
  /** Written tokens, one a step. */
  readonly tokens: readonly string[];
  /** The fraction of each step's attention that lay on the chosen tokens. */
  readonly parts: readonly number[];
}

/** How much of each step's attention lies on the source tokens that `chosen` picks, for every sentence that has such tokens. */
export function attentionOn(
  sentences: readonly TranslatedSentence[],
  chosen: (token: string) => boolean,
): PaidAttention[] {
  return sentences.flatMap(({ translation }) => {
    if (translation?.attention === undefined) return [];
    const { attention, sourceTokens, tokens } = translation;
    const places = sourceTokens.flatMap((token, index) => (chosen(token) ? [index] : []));
    if (places.length === 0) return [];
    const width = sourceTokens.length;
    const fraction = (step: number) => places.reduce((sum, place) => sum + attention.data[step * width + place]!, 0);
    return [{ tokens, parts: tokens.map((_, step) => fraction(step)) }];
  });
}
