/**
 * Operations that can be written in several forms of equal results, of which none is the fastest on every processor and for
 * every shape.
 */
import { SignatureError } from '../errors.js';
import type { Value } from './value.js';

/** An operation at the shapes that it has somewhere in a graph. */
export interface Site {
  /** The operation and its shapes, such as `filter-gradient x=64,16,16,16 ...`. Equal names: the same choice. */
  readonly name: string;
  /** Shapes of its operands, all float32. */
  readonly operands: readonly (readonly number[])[];
  /** By name; each makes the same value of the operands. */
  readonly forms: Readonly<Record<string, (...operands: readonly Value[]) => Value>>;
  /** The form that a fixed estimate expects to be the fastest: the same on every machine. */
  readonly expected: string;
  /** Multiplications, to time the largest first. */
  readonly work: number;
}

/** Names of forms by the name of the place in the step. */
export type FormTable = Readonly<Record<string, string>>;

/** Chooses forms by a table, and by estimate where that has none; remembers where it was asked. */
export class Forms {
  readonly #table: FormTable;
  readonly #sites = new Map<string, Site>();

  constructor(table: FormTable) {
    this.#table = table;
  }

  /** @throws SignatureError when the table names a form that the operation does not have */
  at(site: Site): string {
    this.#sites.set(site.name, site);
    const form = Object.hasOwn(this.#table, site.name) ? this.#table[site.name]! : site.expected;
    if (Object.hasOwn(site.forms, form)) return form;
    const known = Object.keys(site.forms).join(', ');
    throw new SignatureError(`there is no form '${form}' of ${site.name}: it has ${known}`, { site: site.name, form });
  }

  /** Where it was asked, each operation and shape once. */
  get sites(): readonly Site[] {
    return [...this.#sites.values()];
  }

  /** Whether the table has another form for a site. */
  differsFrom(table: FormTable): boolean {
    return this.sites.some((site) => (table[site.name] ?? site.expected) !== this.at(site));
  }

  /** The form of every site. */
  chosen(): FormTable {
    return Object.fromEntries(this.sites.map((site) => [site.name, this.at(site)]));
  }
}

/** The operation in the form that was chosen for it. */
export function formed(site: Site, operands: readonly Value[], forms: Forms | undefined): Value {
  return site.forms[forms?.at(site) ?? site.expected]!(...operands);
}
