import type { Report, RowResult } from './result.js';

/** The parts of the document, each between markers of its own; what is measured anew replaces its own part only. */
export type Section = 'steps' | 'steps-avx2' | 'calls' | 'inference' | 'growth' | 'compile' | 'bench';

/** Kinds of rows that have the part `calls`. */
const CALLS = ['likelihood', 'generate', 'translate'];

/** The report in the parts of the document that it has rows for. Limited to AVX2, steps alone have one. */
export function sectionsOf(report: Report): { readonly section: Section; readonly report: Report }[] {
  const limited = report.instructions === 'avx2';
  const sectionOf = ({ id }: RowResult): Section => {
    const kind = id.split('/')[1];
    if (kind === 'step') return limited ? 'steps-avx2' : 'steps';
    if (CALLS.includes(kind!)) return 'calls';
    if (kind === 'inference' || kind === 'start') return 'inference';
    return kind === 'growth' || kind === 'compile' ? kind : 'bench';
  };
  const sections = [...new Set(report.rows.map(sectionOf))].filter((section) => !limited || section === 'steps-avx2');
  return sections.map((section) => {
    const rows = report.rows.filter((row) => sectionOf(row) === section);
    return { section, report: { ...report, rows } };
  });
}
