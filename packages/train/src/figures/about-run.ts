import type { FigureContext } from './figure.js';

/**
 * The line below a figure's title: `vae, mnist: 64 samples, seed 1`.
 *
 * @param context without `data` the data that the run was trained on
 */
export function aboutRun(
  context: Pick<FigureContext, 'model'> & { readonly data?: { readonly name: string } },
  shown?: string,
): string {
  const { manifest } = context.model;
  const { name } = context.data ?? manifest.data;
  return `${manifest.model}, ${name}${shown === undefined ? '' : `: ${shown}`}, seed ${manifest.seed}`;
}

/** A number of things, with its thousands grouped. */
export const counted = (count: number): string => count.toLocaleString('en');
