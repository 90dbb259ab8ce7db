import { svgToPng, textPage } from '@onnx-forge/viz';
import type { Figure } from '../../../figures/figure.js';
import { labelsOf, tokenRows } from '../measures/text-classification.js';

const SHOWN = 9;

/** The test texts that a classifier gets most confidently wrong, by the class that it takes them for. */
export const textMistakes: Figure<'text-classifier'> = async ({ model, data }) => {
  const { test } = data.splits;
  const texts = test.texts!.text!;
  const truth = labelsOf(test);
  const { labels, confidences } = await model.classifyTokens(tokenRows(test));
  const wrong = Array.from(labels.keys()).filter((i) => labels[i] !== truth[i]);
  wrong.sort((one, other) => confidences[other]! - confidences[one]!);
  const columns = model.classes.map((name, label) => {
    const taken = wrong.filter((i) => labels[i] === label);
    const lines = taken.slice(0, SHOWN).map((i) => `${confidences[i]!.toFixed(3)}  ${texts[i]}`);
    return { heading: `taken for ${name}: ${taken.length}`, text: lines.join('\n\n') };
  });
  const { manifest } = model;
  const { svg } = textPage({
    title: `Most confident mistakes of ${wrong.length} in ${test.size} test texts`,
    subtitle: `${manifest.model}, ${data.name}, seed ${manifest.seed}; before each text the probability given to its wrong class`,
    columns,
    columnWidth: 460,
    lineLength: 72,
  });
  return { svg, png: svgToPng(svg) };
};
