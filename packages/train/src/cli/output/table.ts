/** Of a column that is cut to make a table fit, in characters. */
const LEAST_WIDTH = 8;

/**
 * Columns of text under headings; numbers (cells that look like one) are set to the right.
 *
 * @param width of the terminal: columns of texts are cut, the widest first, until the table fits
 * @param cut headings of the columns that may be cut; default: all of texts
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  {
    width = Number.POSITIVE_INFINITY,
    cut = headings,
  }: { readonly width?: number; readonly cut?: readonly string[] } = {},
): string {
  const natural = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const right = headings.map((_, column) => rows.length > 0 && rows.every((row) => isNumeric(row[column] ?? '')));
  const stays = headings.map((heading, column) => right[column]! || !cut.includes(heading));
  const widths = fitted(natural, stays, width);
  const line = (cells: readonly string[]): string =>
    widths
      .map((most, column) => {
        const cell = shortened(cells[column] ?? '', most);
        return right[column] ? cell.padStart(most) : cell.padEnd(most);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((most) => '-'.repeat(most));
  return [headings, rule, ...rows].map(line).join('\n');
}

/** Widths of columns whose sum, with the space between, is at most `width`, as far as the columns that may be cut allow. */
function fitted(natural: readonly number[], stays: readonly boolean[], width: number): number[] {
  const widths = [...natural];
  for (let excess = widths.reduce((sum, one) => sum + one + 2, -2) - width; excess > 0; excess--) {
    const texts = widths.map((one, column) => (stays[column] ? 0 : one));
    const widest = texts.indexOf(Math.max(...texts));
    if (texts[widest]! <= LEAST_WIDTH) break;
    widths[widest]!--;
  }
  return widths;
}

function shortened(cell: string, most: number): string {
  return cell.length <= most ? cell : `${cell.slice(0, most - 1)}…`;
}

function isNumeric(cell: string): boolean {
  return /^[-+]?[\d.,]+(e[-+]?\d+)?( \+- .*)?$/i.test(cell) || cell === '' || cell === '-';
}
