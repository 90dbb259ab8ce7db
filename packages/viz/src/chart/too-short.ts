import { escapeXml, FONT_FAMILY, type FontWeight, textRuler, wrap } from '../rasterise.js';
import type { Series } from './data.js';
import { numberFormat } from './format.js';
import type { Chart, Heading } from './render.js';
import { AXIS_TITLE_SIZE, INK, LABEL_SIZE, PADDING, SUBTITLE_SIZE, TITLE_SIZE } from './theme.js';

interface Unfinished extends Heading {
  readonly x: { readonly label: string };
  readonly y: { readonly label: string };
  readonly series: readonly Series[];
  readonly width: number;
}

/** In place of lines that have a single point each: that they do, and the values; as wide as the chart, and as high as the text. */
export function tooShort({ title, subtitle, x, y, series, width }: Unfinished): Chart {
  const ruler = textRuler();
  const parts: string[] = [];
  let baseline = PADDING;
  const write = (text: string, size: number, weight: FontWeight, colour: string): void => {
    for (const line of wrap(text, width - 2 * PADDING, (part) => ruler(part, size, weight))) {
      baseline += Math.round(size * 1.35);
      parts.push(
        `<text x="${PADDING}" y="${baseline}" font-size="${size}" font-weight="${weight}" fill="${colour}">${escapeXml(line)}</text>`,
      );
    }
  };
  write(title, TITLE_SIZE, 600, INK);
  if (subtitle !== undefined) write(subtitle, SUBTITLE_SIZE, 400, '#555555');
  baseline += 16;
  write('Too short for a line: one point each so far.', AXIS_TITLE_SIZE, 400, INK);
  baseline += 6;
  const format = numberFormat(series.map((one) => one.y[0]!));
  for (const one of series) {
    write(
      `${one.name}, ${y.label}: ${format(one.y[0]!)} at ${x.label} ${one.x[0]!.toLocaleString('en-US')}`,
      LABEL_SIZE,
      400,
      INK,
    );
  }
  const height = baseline + PADDING + 6;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONT_FAMILY}"><rect width="100%" height="100%" fill="white"/>${parts.join('')}</svg>`;
  return { svg, width, height };
}
