import { requireSome } from '../check.js';
import type { Chart } from './render.js';

/** Several charts as one, beneath each other: curves of different units over the same runs. */
export function stackCharts(charts: readonly Chart[]): Chart {
  requireSome(charts.length, 'charts');
  const width = Math.max(...charts.map((chart) => chart.width));
  let height = 0;
  const parts = charts.map((chart, index) => {
    const part = withOwnIds(chart.svg, `chart${index}-`).replace('<svg ', `<svg x="0" y="${height}" `);
    height += chart.height;
    return part;
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
