import { createRequire } from 'node:module';
import { Resvg, type ResvgRenderOptions } from '@resvg/resvg-js';
import { requireInteger } from './check.js';
import { FigureError } from './errors.js';
import type { Raster } from './png.js';

/** The font of all figures, with what a viewer of the SVG may fall back to. The first is shipped and always found here. */
export const FONT_FAMILY = 'Inter, Helvetica, Arial, sans-serif';

/** Weights that figures use; the shipped font has exactly these. */
export type FontWeight = 400 | 600;

const resolve = createRequire(import.meta.url).resolve;

/** System fonts are never looked at: the same SVG gives the same pixels on every machine, also on one without fonts. */
const font: NonNullable<ResvgRenderOptions['font']> = {
  loadSystemFonts: false,
  fontFiles: [
    '@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf',
    '@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf',
    // For single signs that Inter lacks: ∇ ∈ ∝ ∼ ℝ, and the ▁ of sub-word tokens.
    'dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
  ].map((file) => resolve(file)),
  defaultFontFamily: 'Inter',
  sansSerifFamily: 'Inter',
};

function open(svg: string, options: ResvgRenderOptions = {}): Resvg {
  try {
    return new Resvg(svg, { font, ...options });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FigureError('bad-svg', `this is not an SVG document: ${reason}`, { reason }, { cause });
  }
}

/**
 * Draws an SVG as PNG. Text is drawn in the shipped fonts (Inter, and DejaVu Sans for mathematical signs; Latin,
 * Greek, Cyrillic, but no East Asian script), whatever the machine has installed.
 *
 * @param options.width of the PNG in pixels; default: twice the SVG's own width, sharp in print and on dense screens.
 * @throws FigureError `bad-svg`, `bad-option` (more than 2^26 pixels, too)
 */
export function svgToPng(svg: string, options: { readonly width?: number } = {}): Uint8Array {
  if (options.width !== undefined) requireInteger(options.width, 'width', 1);
  const fitTo =
    options.width === undefined
      ? { mode: 'zoom' as const, value: 2 }
      : { mode: 'width' as const, value: options.width };
  const picture = open(svg, { fitTo });
  const scale = options.width === undefined ? 2 : options.width / picture.width;
  requirePixels(picture.width * scale, picture.height * scale);
  return picture.render().asPng();
}

/** The most pixels of a picture: 67 million, which take seconds to draw and 256 MB. */
const MAX_PIXELS = 2 ** 26;

function requirePixels(width: number, height: number): void {
  if (width * height <= MAX_PIXELS) return;
  const [w, h] = [Math.round(width), Math.round(height)];
  throw new FigureError(
    'bad-option',
    `a picture of ${w} x ${h} pixels is larger than the limit of ${MAX_PIXELS} pixels: take a smaller width`,
    { width: w, height: h, limit: MAX_PIXELS },
  );
}

/** Draws an opaque SVG at its own size, as RGB pixels. */
export function svgToRaster(svg: string): Raster {
  const picture = open(svg);
  requirePixels(picture.width, picture.height);
  const { width, height, pixels } = picture.render();
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[3 * i] = pixels[4 * i]!;
    data[3 * i + 1] = pixels[4 * i + 1]!;
    data[3 * i + 2] = pixels[4 * i + 2]!;
  }
  return { width, height, channels: 3, data };
}

/** Width of one line of text in pixels. */
export type TextWidth = (text: string, fontSize: number, weight?: FontWeight) => number;

/** A text ruler that remembers what it has measured; keep one for as long as a figure is being drawn. */
export function textRuler(): TextWidth {
  const known = new Map<string, number>();
  return (text, fontSize, weight = 400) => {
    const key = `${fontSize} ${weight} ${text}`;
    let width = known.get(key);
    if (width === undefined) {
      const line = `<text font-family="${FONT_FAMILY}" font-size="${fontSize}" font-weight="${weight}">${escapeXml(text)}</text>`;
      width = open(`<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1">${line}</svg>`).getBBox()?.width ?? 0;
      known.set(key, width);
    }
    return width;
  };
}

/** Breaks text at spaces into lines of at most `limit` pixels; a longer single word keeps a line of its own. */
export function wrap(text: string, limit: number, widthOf: (line: string) => number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(longer) <= limit) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Replaces what XML can't hold at all (control codes and lone surrogates of a raw token) by U+FFFD. */
export function legalXml(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}

/** Text as XML character data. */
export function escapeXml(text: string): string {
  return legalXml(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
