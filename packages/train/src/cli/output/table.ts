/** Of a column that is cut to make a table fit, in characters. */
const LEAST_WIDTH = 8;

/**
 * Columns of text under headings; numbers (cells that look like one) are set to the right.
 *
 * @param width of the terminal: texts are cut until the table fits, numbers never
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { width = Number.POSITIVE_INFINITY }: { readonly width?: number } = {},
): string {
  const natural = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const right = headings.map((_, column) => rows.length > 0 && rows.every((row) => isNumeric(row[column] ?? '')));
  const widths = fitted(natural, right, width);
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

/** Widths of columns whose sum, with the space between, is at most `width`, as far as the columns of texts allow. */
function fitted(natural: readonly number[], isNumber: readonly boolean[], width: number): number[] {
  const widths = [...natural];
  for (let excess = widths.reduce((sum, one) => sum + one + 2, -2) - width; excess > 0; excess--) {
    const texts = widths.map((one, column) => (isNumber[column] ? 0 : one));
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
