import { AXIS_TITLE_SIZE, INK, LABEL_SIZE, PADDING, SUBTITLE_SIZE, TITLE_SIZE } from './chart/theme.js';
import { FONT_FAMILY } from './rasterise.js';

/** A text with a heading of its own. */
export interface TextColumn {
  readonly heading: string;
  readonly text: string;
}

export interface TextPageSpec {
  readonly title: string;
  readonly subtitle?: string;
  /** Side by side. */
  readonly columns: readonly TextColumn[];
  /** Width of a column in pixels; default 300. */
  readonly columnWidth?: number;
  /** Characters in a line, beyond which it is broken; default 46. */
  readonly lineLength?: number;
}

const LINE_HEIGHT = 17;

/** Texts as a picture, such as what a model has written. Line breaks are kept; long lines are broken at a space. */
export function textPage({ title, subtitle, columns, columnWidth = 300, lineLength = 46 }: TextPageSpec): {
  readonly svg: string;
} {
  const broken = columns.map(({ text }) => text.split('\n').flatMap((line) => breakLine(line, lineLength)));
  const top = PADDING + TITLE_SIZE + (subtitle ? SUBTITLE_SIZE + 8 : 0) + 28;
  const width = 2 * PADDING + columns.length * columnWidth;
  const height = top + LINE_HEIGHT * (1 + Math.max(...broken.map((lines) => lines.length))) + PADDING;
  const parts = [write(PADDING, PADDING + TITLE_SIZE, title, TITLE_SIZE, { weight: 600 })];
  if (subtitle) {
    const y = PADDING + TITLE_SIZE + SUBTITLE_SIZE + 8;
    parts.push(write(PADDING, y, subtitle, SUBTITLE_SIZE, { colour: '#555555' }));
  }
  for (const [index, { heading }] of columns.entries()) {
    const x = PADDING + index * columnWidth;
    parts.push(write(x, top, heading, AXIS_TITLE_SIZE, { weight: 600 }));
    for (const [row, line] of broken[index]!.entries()) {
      parts.push(write(x, top + LINE_HEIGHT * (row + 1) + 4, line, LABEL_SIZE));
    }
  }
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="white"/>${parts.join('')}</svg>`;
  return { svg };
}

/** Pieces of at most `length` characters, broken at the last space that fits, or anywhere where there is none. */
function breakLine(line: string, length: number): string[] {
  const pieces: string[] = [];
  let rest = line;
  while (rest.length > length) {
    const space = rest.lastIndexOf(' ', length);
    const at = space > 0 ? space : length;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(space > 0 ? at + 1 : at);
  }
  return [...pieces, rest];
}

function write(
  x: number,
  y: number,
  text: string,
  size: number,
  { weight = 400, colour = INK }: { weight?: number; colour?: string } = {},
): string {
  const attributes = `x="${x}" y="${y}" font-family="${FONT_FAMILY}" font-size="${size}" font-weight="${weight}" fill="${colour}"`;
  return `<text ${attributes} xml:space="preserve">${escapeXml(text)}</text>`;
}

/** As XML: markup escaped, signs that XML can't hold replaced. */
function escapeXml(text: string): string {
  return (
    text
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '�')
  );
}
