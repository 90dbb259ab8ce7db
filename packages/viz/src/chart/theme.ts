import type { Config } from 'vega-lite';
import { FONT_FAMILY } from '../rasterise.js';

/** White space around a chart. */
export const PADDING = 14;
/** Colour of text. */
export const INK = '#1a1a1a';
export const TITLE_SIZE = 16;
export const SUBTITLE_SIZE = 13;

export const AXIS_TITLE_SIZE = 13;

/** Font size of tick and legend labels. */
export const LABEL_SIZE = 12;

/** How all charts look: quiet axes, no box, text in one font. */
export const THEME: Config = {
  font: FONT_FAMILY,
  background: 'white',
  padding: PADDING,
  autosize: { type: 'pad', resize: false },
  aria: false,
  view: { stroke: null },
  axis: {
    labelFontSize: LABEL_SIZE,
    labelColor: '#333333',
    labelLimit: 0,
    labelFlush: false,
    labelPadding: 6,
    titleFontSize: AXIS_TITLE_SIZE,
    titleFontWeight: 400,
    titleColor: INK,
    titlePadding: 10,
    gridColor: '#e8e8e8',
    domainColor: '#777777',
    tickColor: '#777777',
    tickSize: 4,
  },
  legend: {
    labelFontSize: LABEL_SIZE,
    labelColor: INK,
    labelLimit: 0,
    titleFontSize: LABEL_SIZE,
    titleFontWeight: 400,
    titleColor: INK,
    titleLimit: 0,
    titlePadding: 8,
    rowPadding: 4,
    columnPadding: 18,
  },
  title: {
    anchor: 'start',
    frame: 'group',
    fontSize: TITLE_SIZE,
    fontWeight: 600,
    color: INK,
    lineHeight: 21,
    subtitleFontSize: SUBTITLE_SIZE,
    subtitleFontWeight: 400,
    subtitleColor: '#555555',
    subtitleLineHeight: 18,
    subtitlePadding: 4,
    offset: 12,
    limit: 0,
  },
};
