/** Columns of text under headings; numbers (cells that look like one) are set to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const right = headings.map((_, column) => rows.length > 0 && rows.every((row) => isNumeric(row[column] ?? '')));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) =>
        right[column] ? (cells[column] ?? '').padStart(width) : (cells[column] ?? '').padEnd(width),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width));
  return [headings, rule, ...rows].map(line).join('\n');
}

function isNumeric(cell: string): boolean {
  return /^[-+]?[\d.,]+(e[-+]?\d+)?( \+- .*)?$/i.test(cell) || cell === '' || cell === '-';
}
