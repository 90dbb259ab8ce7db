import { places, type Result } from '../matrix/results.js';
import type { Outcome } from '../matrix/row.js';
import { APP_VERSIONS } from './lab.js';

/** Markdown: the apps, and where they ran. */
export function markdown(results: readonly Result[]): string {
  const lines = results.map(({ name, title, outcome, date }) => {
    const cells = [`\`${name}\``, title, resultOf(outcome), ...sizesOf(outcome), date.slice(0, 10)];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const versions = Object.entries(APP_VERSIONS).map(([name, version]) => `${name} ${version.replace(/^npm:.*@/, '')}`);
  return [
    '| row | app | result | scripts, kB (gzip) | WebAssembly, MB (gzip) | date |',
    '| --- | --- | --- | --: | --: | --- |',
    ...lines,
    '',
    ...places(results, 'the suite'),
    `- ${versions.join(', ')}`,
    '',
  ].join('\n');
}

function resultOf(outcome: Outcome): string {
  if (outcome.status === 'skipped') return `skipped: ${outcome.reason}`;
  return outcome.status === 'passed' ? (outcome.about ?? 'works') : `**failed**: ${outcome.about}`;
}

function sizesOf(outcome: Outcome): [string, string] {
  if (outcome.status === 'skipped' || !outcome.sizes) return ['', ''];
  const { scripts, scriptsGzip, wasm, wasmGzip } = outcome.sizes;
  return [pair(scripts, scriptsGzip, 1e3, 0), wasm > 0 ? pair(wasm, wasmGzip, 1e6, 1) : ''];
}

function pair(raw: number, gzip: number, unit: number, digits: number): string {
  return `${(raw / unit).toFixed(digits)} (${(gzip / unit).toFixed(digits)})`;
}
