import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dashOf, TONES } from './tones.js';

export interface Series {
  readonly label: string;
  /** Its place among the colours and strokes of the page. */
  readonly tone: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** A line to compare with: thin, grey and dashed. */
  readonly quiet?: boolean;
}

interface ChartProps {
  readonly series: readonly Series[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** Says what is drawn, for those who do not see it. */
  readonly label: string;
  readonly log?: boolean;
  /** Of the axes; default: what is drawn. */
  readonly xRange?: readonly [number, number] | undefined;
  readonly yRange?: readonly [number, number] | undefined;
  /** A vertical line. */
  readonly mark?: number | undefined;
}

/** Curves over a common axis. Drag to zoom, double-click to see all. */
export function Chart({ series, xLabel, yLabel, label, log = false, xRange, yRange, mark }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = JSON.stringify([
    series.map(({ label, tone, quiet }) => [label, tone, quiet]),
    xLabel,
    yLabel,
    log,
    mark,
  ]);
  const data = uPlot.join(series.map(({ x, y }) => [x as number[], y as number[]]));

  useEffect(() => {
    const place = holder.current!;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf({ series, xLabel, yLabel, log, xRange, yRange, mark }, place), data, place);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize(sizeOf(place)));
    resized.observe(place);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data), [series]);
  return <div class="chart" ref={holder} role="img" aria-label={label} />;
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  const width = Math.max(200, place.clientWidth);
  return { width, height: Math.round(Math.min(26 * emOf(place), Math.max(220, width * 0.5))) };
}

/** The size of its text, in pixels. */
function emOf(place: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(place).fontSize);
}

/** A colour of the style sheet. */
function colour(place: HTMLElement, name: string): string {
  return getComputedStyle(place).getPropertyValue(`--${name}`).trim();
}

function optionsOf(
  { series, xLabel, yLabel, log, xRange, yRange, mark }: Omit<ChartProps, 'label'>,
  place: HTMLElement,
): uPlot.Options {
  const [text, grid] = [colour(place, 'text'), colour(place, 'grid')];
  const em = emOf(place);
  const font = `${Math.round(em * 0.8)}px system-ui, sans-serif`;
  const axis = {
    stroke: text,
    font,
    labelFont: font,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
  };
  return {
    ...sizeOf(place),
    legend: { show: false },
    padding: [null, 2 * em, null, null],
    cursor: { points: { size: 7 } },
    scales: {
      x: { time: false, ...(xRange && { range: [...xRange] as [number, number] }) },
      y: { distr: log ? 3 : 1, ...(yRange && { range: [...yRange] as [number, number] }) },
    },
    axes: [
      { ...axis, label: xLabel, labelSize: 1.25 * em, size: 2.5 * em, space: 5 * em },
      {
        ...axis,
        label: yLabel,
        labelSize: 1.25 * em,
        size: 4 * em,
        space: 2.5 * em,
        values: (_, ticks) => ticks.map(short),
      },
    ],
    series: [
      {},
      ...series.map(
        ({ label, tone, x, quiet }): uPlot.Series => ({
          label,
          stroke: quiet ? colour(place, 'quiet') : colour(place, `tone-${tone % TONES}`),
          width: quiet ? 1 : 2,
          dash: quiet ? [4, 4] : [...dashOf(tone)],
          spanGaps: true,
          points: { show: !quiet && x.length <= 20, size: 5 },
        }),
      ),
    ],
    hooks: mark === undefined ? {} : { draw: [(plot) => drawMark(plot, mark, text)] },
  };
}

function drawMark(plot: uPlot, at: number, stroke: string): void {
  const x = plot.valToPos(at, 'x', true);
  const { top, height } = plot.bbox;
  plot.ctx.save();
  Object.assign(plot.ctx, { strokeStyle: stroke, lineWidth: 1.5 });
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, top);
  plot.ctx.lineTo(x, top + height);
  plot.ctx.stroke();
  plot.ctx.restore();
}

function short(value: number | null): string {
  if (value === null) return '';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(0) : `${Number(value.toPrecision(6))}`;
}
