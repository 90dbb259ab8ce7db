import { requireSome } from '../check.js';
import type { Chart } from './render.js';

export interface StackOptions {
  /** Charts beside each other, row after row. Default 1. */
  readonly columns?: number | undefined;
}

/** Several charts as one, beneath each other or in columns: curves of different units over the same runs. */
export function stackCharts(charts: readonly Chart[], { columns = 1 }: StackOptions = {}): Chart {
  requireSome(charts.length, 'charts');
  const beside = Math.min(columns, charts.length);
  const cell = Math.max(...charts.map((chart) => chart.width));
  const width = beside * cell;
  let top = 0;
  let height = 0;
  const parts = charts.map((chart, index) => {
    if (index % beside === 0) top = height;
    const place = `<svg x="${(index % beside) * cell}" y="${top}" `;
    height = Math.max(height, top + chart.height);
    return withOwnIds(chart.svg, `chart${index}-`).replace('<svg ', place);
  });
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" ${size}>` +
    `<rect width="${width}" height="${height}" fill="white"/>${parts.join('')}</svg>`;
  return { svg, width, height };
}

/** Each chart numbers its clip paths from 0; in one document they need names of their own. */
function withOwnIds(svg: string, prefix: string): string {
  return svg.replaceAll(/\bid="([^"]+)"/g, `id="${prefix}$1"`).replaceAll(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`);
}
