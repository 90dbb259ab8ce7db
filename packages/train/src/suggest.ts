import { distance } from 'fastest-levenshtein';

/** `; did you mean 'NAME'?` if a known name is near the given one, else nothing. */
export function suggestion(given: string, known: readonly string[], prefix = ''): string {
  const nearest = nearName(given, known);
  return nearest === undefined ? '' : `; did you mean '${prefix}${nearest}'?`;
}

/** The same, then all known names: `; did you mean 'NAME'? Known: A, B`, or `; known: A, B`. */
export function suggestionAndList(given: string, known: readonly string[], label: string): string {
  const hint = suggestion(given, known);
  const [first, rest] = [label.slice(0, 1), label.slice(1)];
  const begin = hint ? `${hint} ${first.toUpperCase()}` : `; ${first.toLowerCase()}`;
  return `${begin}${rest}${known.join(', ') || 'none'}`;
}

/** Letters in another order are one slip, not two. */
function sorted(name: string): string {
  return [...name].sort().join('');
}

/** The known name that was meant, if one is near: it holds the given one, or differs by a slip or two. */
function nearName(given: string, known: readonly string[]): string | undefined {
  if (given.length < 2) return undefined;
  const holding = known.filter((name) => name.includes(given));
  // The shortest has least besides.
  if (holding.length > 0) return holding.reduce((best, name) => (name.length < best.length ? name : best));
  const [nearest] = known
    .map((name) => ({ name, edits: sorted(name) === sorted(given) ? 1 : distance(given, name) }))
    .sort((one, other) => one.edits - other.edits);
  const slips = given.length <= 3 ? 1 : Math.max(2, Math.floor(given.length / 3));
  return nearest && nearest.edits <= slips ? nearest.name : undefined;
}
