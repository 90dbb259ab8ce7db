import { formatSeconds } from './format.js';
import { printable } from './printable.js';

/** Where a piece of work stands. */
export interface Standing {
  /** A few words: `training vae`. */
  readonly task: string;
  /** Done, 0 .. 1. */
  readonly fraction: number;
  /** Further facts to show: the epoch, metrics. */
  readonly detail?: string;
  readonly etaSeconds?: number;
}

/** Widths of the bar, the first that fits. */
const BAR_WIDTHS = [24, 16, 8, 0];
/** Characters that terminals draw in two columns: East Asian wide ones, pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/**
 * `training vae ████░░░░ 42%  ETA 1 min 05 s  epoch 3/20  loss 98.2`, in at most `columns` columns: what does not fit is left out
 * from the end, an item at a time, then the bar gets shorter; a task that is too long by itself is cut.
 */
export function progressLine({ task, fraction, detail = '', etaSeconds }: Standing, columns: number): string {
  const percent = `${Math.floor(100 * Math.min(1, Math.max(0, fraction)))}%`;
  const eta = etaSeconds === undefined ? '' : `  ETA ${formatSeconds(etaSeconds)}`;
  const [name, items] = [task, detail].map((text) => printable(text).replace(/[\t\n]/g, ' ')) as [string, string];
  for (const size of BAR_WIDTHS) {
    const filled = Math.round(size * Math.min(1, Math.max(0, fraction)));
    const bar = size === 0 ? '' : `${'█'.repeat(filled)}${'░'.repeat(size - filled)} `;
    const line = `${name} ${bar}${percent}${eta}`;
    const left = columns - widthOf(line);
    if (left >= 0) return line + (items === '' ? '' : beginning(`  ${items}`, left));
  }
  const short = `${name} ${percent}`;
  return widthOf(short) <= columns ? short : cut(name, columns);
}

/** As many whole items as fit: what stands between commas, or between two spaces. */
function beginning(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const ends = [...text.matchAll(/, | {2}/g)].map(({ index }) => index).reverse();
  const end = ends.find((at) => at > 0 && widthOf(text.slice(0, at)) + 2 <= columns);
  return end === undefined ? '' : `${text.slice(0, end)} …`;
}

function cut(text: string, columns: number): string {
  let line = '';
  for (const character of text) {
    if (widthOf(line + character) + 1 > columns) break;
    line += character;
  }
  return columns < 1 ? '' : `${line}…`;
}

/** Columns of a terminal. */
export function widthOf(text: string): number {
  return [...text].reduce((width, character) => width + (WIDE.test(character) ? 2 : 1), 0);
}
