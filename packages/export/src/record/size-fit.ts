/**
 * Finds what numbers have to do with sizes. A number that the user's own JavaScript computed from `x.shape` comes without
 * its formula: it is looked for among a few kinds, and one is taken only if it gives the number in every trace.
 */

/** A size that formulas are made of, with its number in every trace. */
export interface Atom {
  readonly values: readonly number[];
  /** The kernel that has it as a dimension of its output; -1 for a free dimension. */
  readonly call: number;
}

/** A product of atoms, or the whole part or the rest of (atom + shift) / divisor. */
export interface Feature {
  readonly kind: 'product' | 'floor' | 'mod';
  /** Positions in the list of atoms. */
  readonly atoms: readonly number[];
  readonly shift: number;
  readonly divisor: number;
}

/** offset + sum of slope * feature */
export interface Formula {
  readonly offset: number;
  readonly terms: readonly { readonly slope: number; readonly feature: Feature }[];
}

/** Divisors that are looked for; each only where the traces have every rest. */
const DIVISORS = [2, 3, 4, 5, 6, 8, 12, 16];
/** Features that are tried in pairs: the number of pairs grows with the square. */
const PAIRED = 150;

interface Candidate {
  readonly feature: Feature;
  readonly values: readonly number[];
}

export type Allowed = (atom: number) => boolean;

const any: Allowed = () => true;

/** Looks for formulas; free dimensions are the first atoms, in their order. */
export class SizeFit {
  readonly atoms: readonly Atom[];
  readonly #free: number;
  /** Formulas of numbers in more traces, by the numbers in the traces here; undefined where several begin alike. */
  readonly #known: ReadonlyMap<string, Formula | undefined>;
  readonly #found = new Map<string, { numbers: readonly number[]; formula: Formula }>();
  #candidates: { direct: readonly Candidate[]; further: readonly Candidate[] } | undefined;

  constructor(free: number, atoms: readonly Atom[], known: ReadonlyMap<string, Formula | undefined> = new Map()) {
    this.#free = free;
    this.atoms = atoms;
    this.#known = known;
  }

  /** For numbers of the first traces alone; what was found with all of them holds there too. */
  first(count: number): SizeFit {
    const known = new Map<string, Formula | undefined>();
    for (const { numbers, formula } of this.#found.values()) {
      const key = numbers.slice(0, count).join();
      known.set(key, known.has(key) ? undefined : formula);
    }
    const atoms = this.atoms.map((atom) => ({ ...atom, values: atom.values.slice(0, count) }));
    return new SizeFit(this.#free, atoms, known);
  }

  /** The simplest formula that gives the numbers, one a trace. */
  formula(numbers: readonly number[], allowed: Allowed = any): Formula | undefined {
    if (!numbers.every(Number.isInteger)) return undefined;
    const [first] = numbers as [number];
    if (numbers.every((n) => n === first)) return { offset: first, terms: [] };
    const key = numbers.join();
    if (this.#known.has(key)) {
      const formula = this.#known.get(key);
      if (!formula || usesOnly(formula, allowed)) return formula;
    }
    const earlier = this.#found.get(key)?.formula;
    if (earlier && usesOnly(earlier, allowed)) return earlier;
    const formula = this.#search(numbers, allowed);
    if (formula) this.#found.set(key, { numbers, formula });
    return formula;
  }

  #search(numbers: readonly number[], allowed: Allowed): Formula | undefined {
    const usable = ({ feature }: Candidate): boolean => feature.atoms.every(allowed);
    const { direct, further } = this.#features();
    const singles = [...direct, ...further].filter(usable);
    const affine = this.#affine(numbers);
    if (affine) return affine;
    for (const candidate of singles) {
      const found = single(candidate, numbers);
      if (found) return found;
    }
    const paired = singles.slice(0, PAIRED);
    for (const [i, a] of paired.entries()) {
      for (const b of paired.slice(0, i)) {
        const found = pair(b, a, numbers);
        if (found) return found;
      }
    }
    return undefined;
  }

  /** An affine function of the free dimensions with whole slopes. */
  #affine(numbers: readonly number[]): Formula | undefined {
    const free = this.atoms.slice(0, this.#free);
    const rows = numbers.map((n, t) => [1, ...free.map(({ values }) => values[t]!), n]);
    const solution = solve(rows, free.length + 1)?.map(Math.round);
    if (!solution) return undefined;
    const [offset, ...slopes] = solution as [number, ...number[]];
    const fits = rows.every((row) => row.at(-1) === solution.reduce((sum, c, i) => sum + c * row[i]!, 0));
    if (!fits) return undefined;
    const terms = slopes.flatMap((slope, d) => (slope === 0 ? [] : [{ slope, feature: product([d]) }]));
    return { offset, terms };
  }

  #features(): { direct: readonly Candidate[]; further: readonly Candidate[] } {
    this.#candidates ??= { direct: this.#products(1), further: this.#nonlinear() };
    return this.#candidates;
  }

  #products(degree: number): Candidate[] {
    const combinations = (from: number, count: number): number[][] =>
      count === 0
        ? [[]]
        : this.atoms.flatMap((_, i) => (i < from ? [] : combinations(i, count - 1).map((rest) => [i, ...rest])));
    return combinations(0, degree).map((atoms) => {
      const factors = atoms.map((i) => this.atoms[i]!.values);
      const values = factors[0]!.map((_, t) => factors.reduce((size, factor) => size * factor[t]!, 1));
      return { feature: product(atoms), values };
    });
  }

  #nonlinear(): Candidate[] {
    const quotients = this.atoms.flatMap(({ values }, atom) =>
      DIVISORS.flatMap((divisor) => {
        const rests = new Set(values.map((value) => value % divisor));
        // Every rest that there can be: a function may take multiples only.
        if (rests.size < divisor / values.reduce(greatestCommonDivisor, divisor)) return [];
        const shifts = Array.from({ length: divisor }, (_, shift) => shift);
        const floors = shifts.map(
          (shift): Candidate => ({
            feature: { kind: 'floor', atoms: [atom], shift, divisor },
            values: values.map((value) => Math.floor((value + shift) / divisor)),
          }),
        );
        const rest: Candidate = {
          feature: { kind: 'mod', atoms: [atom], shift: 0, divisor },
          values: values.map((value) => value % divisor),
        };
        return [...floors, rest];
      }),
    );
    const triples = this.atoms.length <= 12 ? this.#products(3) : [];
    return [...this.#products(2), ...quotients, ...triples];
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function usesOnly({ terms }: Formula, allowed: Allowed): boolean {
  return terms.every(({ feature }) => feature.atoms.every(allowed));
}

function product(atoms: readonly number[]): Feature {
  return { kind: 'product', atoms, shift: 0, divisor: 1 };
}

function single({ feature, values }: Candidate, numbers: readonly number[]): Formula | undefined {
  const t = values.findIndex((value) => value !== values[0]);
  if (t < 0) return undefined;
  const slope = (numbers[t]! - numbers[0]!) / (values[t]! - values[0]!);
  const offset = numbers[0]! - slope * values[0]!;
  if (slope === 0 || !Number.isInteger(slope)) return undefined;
  return numbers.every((n, i) => n === slope * values[i]! + offset)
    ? { offset, terms: [{ slope, feature }] }
    : undefined;
}

function pair(a: Candidate, b: Candidate, numbers: readonly number[]): Formula | undefined {
  for (let t = 1; t + 1 < numbers.length; t++) {
    const change = (values: readonly number[], s: number): number => values[s]! - values[0]!;
    const [a1, b1, n1] = [change(a.values, t), change(b.values, t), change(numbers, t)];
    const [a2, b2, n2] = [change(a.values, t + 1), change(b.values, t + 1), change(numbers, t + 1)];
    const determinant = a1 * b2 - a2 * b1;
    if (determinant === 0) continue;
    const p = (n1 * b2 - n2 * b1) / determinant;
    const q = (a1 * n2 - a2 * n1) / determinant;
    if (!Number.isInteger(p) || !Number.isInteger(q)) return undefined;
    const offset = numbers[0]! - p * a.values[0]! - q * b.values[0]!;
    if (!numbers.every((n, i) => n === p * a.values[i]! + q * b.values[i]! + offset)) return undefined;
    return {
      offset,
      terms: [
        { slope: p, feature: a.feature },
        { slope: q, feature: b.feature },
      ].filter(({ slope }) => slope !== 0),
    };
  }
  return undefined;
}

/** Unknowns of the equations `row[0] x0 + ... = row.at(-1)`, by elimination; undefined where they do not determine them. */
function solve(rows: readonly (readonly number[])[], unknowns: number): number[] | undefined {
  const work = rows.map((row) => [...row]);
  for (let column = 0; column < unknowns; column++) {
    const rest = work.slice(column);
    const pivot = rest.reduce((best, row) => (Math.abs(row[column]!) > Math.abs(best[column]!) ? row : best), rest[0]!);
    if (!pivot || Math.abs(pivot[column]!) < 1e-9) return undefined;
    work[work.indexOf(pivot)] = work[column]!;
    work[column] = pivot;
    for (const row of work) {
      if (row === pivot) continue;
      const factor = row[column]! / pivot[column]!;
      if (factor !== 0) for (let i = column; i <= unknowns; i++) row[i]! -= factor * pivot[i]!;
    }
  }
  return Array.from({ length: unknowns }, (_, i) => work[i]![unknowns]! / work[i]![i]!);
}
