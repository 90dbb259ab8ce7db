import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { svgToPng } from '@onnx-forge/viz';
import { expect } from 'chai';

/** That every SVG among a run's figures has its seed in it, and that the PNG beside it shows the same; the number of them. */
export async function checkFigures(run: string): Promise<number> {
  const folder = join(run, 'figures');
  const drawings = (await readdir(folder)).filter((file) => file.endsWith('.svg'));
  for (const file of drawings) {
    const svg = await readFile(join(folder, file), 'utf8');
    const words = [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]*)</g)].map(([, text]) => text!).join(' ');
    expect(words, file).to.match(/\bseed \d+/);
    const png = await readFile(join(folder, file.replace('.svg', '.png')));
    expect(png.equals(svgToPng(svg)), `${file} and its PNG`).to.equal(true);
  }
  return drawings.length;
}
