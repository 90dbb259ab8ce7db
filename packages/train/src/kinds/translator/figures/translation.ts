import { END, START } from '@onnx-forge/infer';
import { barChart, heatMap, lineChart, svgToPng } from '@onnx-forge/viz';
import { aboutRun } from '../../../figures/about-run.js';
import type { Figure, FigureContext, FigurePart } from '../../../figures/figure.js';
import {
  attentionOn,
  bleuOf,
  LENGTH_GROUPS,
  type TranslatedSentence,
  translateSplit,
} from '../measures/translation.js';

/** Sentences with an attention map each. */
const MAPS = 6;
/** Shorter sources say little about where a decoder looks. */
const LEAST_WORDS = 5;

function translateTest({ model, data }: FigureContext<'translator'>): Promise<TranslatedSentence[]> {
  return translateSplit(model, data, { split: 'test', beam: 1 });
}

function subtitle({ model, data }: FigureContext<'translator'>): string {
  const { manifest } = model;
  return `${manifest.model}, ${manifest.options.attention} attention, ${data.splits.test.size} test sentences of ${data.name}, seed ${manifest.seed}`;
}

/** Where the decoder looked while it translated some random test sentences; none without attention. */
export const attentionMaps: Figure<'translator'> = async (context) => {
  const sentences = (await translateTest(context)).filter(({ sourceWords }) => sourceWords >= LEAST_WORDS);
  const { random, model } = context;
  const chosen = Array.from(random.permutation(sentences.length).slice(0, MAPS), (index) => sentences[index]!);
  return chosen.flatMap(({ translation, reference }, i): FigurePart[] => {
    if (translation?.attention === undefined) return [];
    const { attention, tokens, sourceTokens, logProb } = translation;
    const width = sourceTokens.length;
    const { svg } = heatMap({
      title: translation.text,
      subtitle: `right: ${reference.join(' ')}; log p ${logProb.toFixed(2)} nats. ${aboutRun(context, `${model.manifest.options.attention} attention`)}`,
      values: tokens.map((_, row) => attention.data.subarray(row * width, (row + 1) * width)),
      x: { label: 'source', ticks: sourceTokens },
      y: { label: 'translation', ticks: tokens },
      color: { label: 'attention', domain: [0, 1] },
    });
    return [{ svg, png: svgToPng(svg), part: `${i + 1}` }];
  });
};

/** Mean attention on the marks of the source (start, end, the last full stop or question mark) and its words, step by step. */
export const attentionOnMarks: Figure<'translator'> = async (context) => {
  const sentences = await translateTest(context);
  const groups = [
    { name: `${START}`, chosen: (token: string) => token === START },
    { name: 'words', chosen: (token: string) => /\p{L}/u.test(token) && token !== START && token !== END },
    { name: '. ? !', chosen: (token: string) => /^[.?!]$/.test(token) },
    { name: `${END}`, chosen: (token: string) => token === END },
  ];
  const series = groups.flatMap(({ name, chosen }) => {
    const paid = attentionOn(sentences, chosen).map(({ parts }) => parts);
    if (paid.length === 0) return [];
    const steps = Math.max(...paid.map((row) => row.length));
    const y = Array.from({ length: steps }, (_, step) => {
      const there = paid.filter((row) => row.length > step);
      return there.reduce((sum, row) => sum + row[step]!, 0) / there.length;
    });
    return [{ name, x: y.map((_, step) => step + 1), y }];
  });
  if (series.length === 0) return [];
  const { svg } = lineChart({
    title: 'Where the decoder looks, step by step',
    subtitle: subtitle(context),
    x: { label: 'decoder step (1: after the start mark)' },
    y: { label: 'mean fraction of the attention', domain: [0, 1] },
    series,
  });
  return { svg, png: svgToPng(svg) };
};

/** BLEU of the test sentences by the length of the source. */
export const bleuByLength: Figure<'translator'> = async (context) => {
  const sentences = await translateTest(context);
  const groups = LENGTH_GROUPS.map(({ name, least, most }) => ({
    name,
    sentences: sentences.filter(({ sourceWords }) => sourceWords >= least && sourceWords <= most),
  })).filter((group) => group.sentences.length > 0);
  const { svg } = barChart({
    title: 'BLEU by the length of the source',
    subtitle: subtitle(context),
    x: {
      label: 'words and marks of the source (number of sentences)',
      categories: groups.map((group) => `${group.name} (${group.sentences.length})`),
    },
    y: { label: 'BLEU-4' },
    series: [{ name: 'greedy', values: groups.map((group) => bleuOf(group.sentences)) }],
  });
  return { svg, png: svgToPng(svg) };
};
