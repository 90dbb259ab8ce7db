import { FormatError } from '../errors.js';

export interface LabelledTexts {
  readonly texts: readonly string[];
  /** 0 or 1 for each. */
  readonly labels: Uint8Array;
}

/**
 * Texts with one of two labels, one a line. Blanks around a text are no part of it.
 *
 * @param form of a line; it has the groups `text` and `label`
 * @param first number of the first line, for messages
 * @throws FormatError naming the first line that is not of this form
 */
export function parseLabelledTexts(file: string, lines: readonly string[], form: RegExp, first = 1): LabelledTexts {
  const labels = new Uint8Array(lines.length);
  const texts = lines.map((line, i) => {
    const { label, text } = form.exec(line)?.groups ?? {};
    if (label === undefined || text === undefined) {
      const offset = lines.slice(0, i).reduce((sum, before) => sum + Buffer.byteLength(before) + 1, 0);
      const expected = `a label 0 or 1 beside a text in line ${i + first}`;
      const found = line.length > 40 ? `'${line.slice(0, 40)}...'` : `'${line}'`;
      throw new FormatError({ file, offset, expected, found, truncated: false });
    }
    labels[i] = Number(label);
    return text.trim();
  });
  return { texts, labels };
}
