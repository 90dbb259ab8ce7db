import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { requireInteger } from '../check.js';
import { type FontWeight, legalXml, type TextWidth, textRuler, wrap } from '../rasterise.js';
import { AXIS_TITLE_SIZE, PADDING, SUBTITLE_SIZE, THEME, TITLE_SIZE } from './theme.js';

/** A drawn chart. {@link svgToPng} makes pixels of it. */
export interface Chart {
  readonly svg: string;
  /** Size of the SVG in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** Text above a chart. */
export interface Heading {
  readonly title: string;
  readonly subtitle?: string;
}

/** The part of vega's scene graph package that its typings leave out. */
interface SceneGraphParts {
  readonly textMetrics: {
    width: (item: { readonly fontSize?: number; readonly fontWeight?: unknown }, text: unknown) => number;
  };
  readonly SVGStringRenderer: new () => {
    initialize(element: null, width: number, height: number, origin: readonly number[], scale: number): unknown;
    background(color: string): unknown;
    render(scene: unknown): unknown;
    svg(): string;
  };
}

const { textMetrics, SVGStringRenderer } = vega as unknown as SceneGraphParts;

/** Smaller than this, a chart is all labels. */
const LEAST_SIDE = 160;

/** A spec for a plot area of the given size; labels, legend and title come around it. */
export type ChartBuilder = (plot: { readonly width: number; readonly height: number }, ruler: TextWidth) => object;

/**
 * Draws a vega-lite spec whose plot area has the given size.
 *
 * All is synchronous and headless: the data are in the spec, so one pass over vega's dataflow lays everything out.
 */
export function renderPlot(heading: Heading, plot: { width: number; height: number }, build: ChartBuilder): Chart {
  return draw(heading, plot, build, textRuler());
}

/**
 * Draws a vega-lite spec so that the whole chart, with labels, legend and title, has the given size (a column of a
 * paper). What surrounds the plot is only known once it is laid out, hence a first layout to measure it.
 */
export function renderFitted(heading: Heading, size: { width: number; height: number }, build: ChartBuilder): Chart {
  requireInteger(size.width, 'width', LEAST_SIDE);
  requireInteger(size.height, 'height', LEAST_SIDE);
  const ruler = textRuler();
  let plot = { width: Math.round(size.width * 0.85), height: Math.round(size.height * 0.7) };
  // The second round corrects for tick labels and line breaks that change with the plot's size.
  for (let round = 0; round < 2; round++) {
    const drawn = draw(heading, plot, build, ruler);
    plot = {
      width: Math.max(80, plot.width + size.width - drawn.width),
      height: Math.max(60, plot.height + size.height - drawn.height),
    };
  }
  return draw(heading, plot, build, ruler, size);
}

/** An axis title in as many lines as fit the length of its axis. */
export function wrapLabel(label: string, length: number, ruler: TextWidth): string[] {
  return wrap(label, length, (line) => ruler(line, AXIS_TITLE_SIZE));
}

function draw(
  { title, subtitle }: Heading,
  plot: { width: number; height: number },
  build: ChartBuilder,
  ruler: TextWidth,
  total?: { width: number; height: number },
): Chart {
  const lines = (text: string, fontSize: number, weight: FontWeight) =>
    wrap(text, Math.max(plot.width, 240), (line) => ruler(line, fontSize, weight));
  const spec = {
    ...build(plot, ruler),
    ...plot,
    config: THEME,
    title: {
      text: lines(title, TITLE_SIZE, 600),
      ...(subtitle === undefined ? {} : { subtitle: lines(subtitle, SUBTITLE_SIZE, 400) }),
    },
  } as TopLevelSpec;
  const view = new vega.View(vega.parse(compile(spec, { logger: vega.logger(vega.Error) }).spec), {
    renderer: 'none',
    logLevel: vega.Error,
  });
  return withRuler(ruler, () => {
    view.run();
    const scene = view.scenegraph() as unknown as {
      root: { bounds: { x1: number; y1: number; x2: number; y2: number } };
    };
    const { x1, y1, x2, y2 } = scene.root.bounds;
    const [left, top] = [Math.ceil(PADDING - x1), Math.ceil(PADDING - y1)];
    const width = settle(left + Math.ceil(x2) + PADDING, total?.width);
    const height = settle(top + Math.ceil(y2) + PADDING, total?.height);
    const renderer = new SVGStringRenderer();
    renderer.initialize(null, width, height, [left, top], 1);
    renderer.background('white');
    renderer.render(scene.root);
    view.finalize();
    return { svg: legalXml(renderer.svg()), width, height };
  });
}

/** The size asked for, when what was drawn is that size but for a few pixels: the padding makes up for those. */
function settle(drawn: number, asked: number | undefined): number {
  return asked !== undefined && Math.abs(drawn - asked) < PADDING ? asked : drawn;
}

/**
 * Without a canvas vega guesses how wide text is (0.8 of the font size per character), and axis titles end up far from
 * their axes. It lets one replace the guess, for the whole process; it is put back before anyone else can run.
 */
function withRuler<T>(ruler: TextWidth, job: () => T): T {
  const before = textMetrics.width;
  textMetrics.width = (item, text) =>
    text === null || text === undefined
      ? 0
      : ruler(String(text).trim(), item.fontSize ?? 11, Number(item.fontWeight ?? 400) >= 600 ? 600 : 400);
  try {
    return job();
  } finally {
    textMetrics.width = before;
  }
}
