/**
 * Okabe and Ito's colours for graphs that colour-blind readers can read (Color Universal Design, 2008), without the
 * yellow, which is too light for a line on white.
 */
const OKABE_ITO = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const;

/** Petroff's ten colours, optimised for colour-vision deficiency (arXiv:2107.02270); one per digit class, say. */
const PETROFF_10 = [
  '#3f90da',
  '#ffa90e',
  '#bd1f01',
  '#94a4a2',
  '#832db6',
  '#a96b59',
  '#e76300',
  '#b9ac70',
  '#717581',
  '#92dadd',
] as const;

/** Most categories that colour alone tells apart; beyond, dashes or shapes must help. */
const DISTINCT_COLORS: number = PETROFF_10.length;

/** One colour-blind-safe colour per category; they repeat after {@link DISTINCT_COLORS}. */
export function palette(count: number): string[] {
  const colors = count <= OKABE_ITO.length ? OKABE_ITO : PETROFF_10;
  return Array.from({ length: count }, (_, i) => colors[i % colors.length]!);
}

/** The n-th way of drawing what shares a colour: solid first, then dashed. */
export function dashes(count: number): number[][] {
  const styles = [[], [6, 3], [2, 2], [8, 3, 2, 3]];
  return Array.from({ length: count }, (_, i) => styles[Math.floor(i / DISTINCT_COLORS) % styles.length]!);
}

/** The n-th mark of what shares a colour: circles first, then other shapes. */
export function shapes(count: number): string[] {
  const marks = ['circle', 'triangle-up', 'square', 'diamond', 'cross'];
  return Array.from({ length: count }, (_, i) => marks[Math.floor(i / DISTINCT_COLORS) % marks.length]!);
}
