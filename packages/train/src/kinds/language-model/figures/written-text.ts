import { svgToPng, textPage } from '@onnx-forge/viz';
import type { Figure } from '../../../figures/figure.js';

const LENGTH = 500;
const TEMPERATURES = [0.5, 0.8, 1];

/** Text that a language model writes after a line break, at several temperatures. */
export const writtenText: Figure<'language-model'> = async ({ model, data }) => {
  const { manifest } = model;
  const { vocabulary } = manifest.serve;
  const tokens = manifest.vocabularies![vocabulary]!;
  const prompt = tokens.includes('\n') ? '\n' : tokens[0]!;
  const columns = [];
  for (const temperature of TEMPERATURES) {
    const text = await model.generate(prompt, { length: LENGTH, temperature, seed: manifest.seed });
    columns.push({ heading: `temperature ${temperature}`, text });
  }
  const { svg } = textPage({
    title: 'Written by the model',
    subtitle: `${manifest.model}, ${data.name}, ${LENGTH} tokens after a line break, seed ${manifest.seed}`,
    columns,
  });
  return { svg, png: svgToPng(svg) };
};
