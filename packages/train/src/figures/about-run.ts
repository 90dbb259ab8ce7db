import type { FigureContext } from './figure.js';

/** The line below a figure's title: `vae, mnist: 64 samples, seed 1`. */
export function aboutRun({ model, data }: Pick<FigureContext, 'model' | 'data'>, shown?: string): string {
  const { manifest } = model;
  return `${manifest.model}, ${data.name}${shown === undefined ? '' : `: ${shown}`}, seed ${manifest.seed}`;
}

/** A number of things, with its thousands grouped. */
export const counted = (count: number): string => count.toLocaleString('en');
