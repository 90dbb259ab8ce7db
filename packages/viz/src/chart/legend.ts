import type { TextWidth } from '../rasterise.js';
import { LABEL_SIZE } from './theme.js';

/** Width of the symbol, of its gap to the label, and of the gap to the next entry. */
const ENTRY_EXTRA = 46;
const ENTRY_HEIGHT = 20;

/**
 * A legend in rows between the title and the plot, as many entries per row as fit: it never covers the data.
 *
 * @param symbol 'stroke' for lines, 'square' for areas
 */
export function topLegend(
  names: readonly string[],
  symbol: 'stroke' | 'square',
  width: number,
  ruler: TextWidth,
): object | null {
  if (names.length < 2) return null;
  const entry = ENTRY_EXTRA + Math.max(...names.map((name) => ruler(name, LABEL_SIZE)));
  return {
    title: null,
    orient: 'top',
    direction: 'horizontal',
    columns: Math.min(names.length, Math.max(1, Math.floor(width / entry))),
    offset: 12,
    symbolType: symbol,
    symbolOpacity: 1,
    symbolLimit: 0,
    ...(symbol === 'stroke' ? { symbolSize: 300, symbolStrokeWidth: 2.5 } : {}),
  };
}

/** A legend to the right of the plot, no higher than that, its symbols solid whatever the points look like. */
export function rightLegend(names: readonly string[], height: number): object | null {
  if (names.length < 2) return null;
  const columns = Math.ceil((names.length * ENTRY_HEIGHT) / height);
  return { title: null, orient: 'right', offset: 16, columns, symbolLimit: 0, symbolSize: 80, symbolOpacity: 1 };
}
