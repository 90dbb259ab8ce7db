import { type DataReference, SPLIT_NAMES, type SplitName } from '../data-set.js';
import { DataError } from '../errors.js';
import { ContentHashes } from '../loader/content-hashes.js';

/**
 * The rules that have split users' data, by the name that a reference records: `tenths`, of references that record none, deals
 * out each class in its order of hashes; `hash-1` decides about each example (or group) by its own hash alone, so that added
 * examples move no other.
 */
export const SPLIT_RULES = ['tenths', 'hash-1'] as const;
export type SplitRule = (typeof SPLIT_RULES)[number];

/** Of ten neighbours in the order of labels and hashes, `tenths` takes these for validation and test. */
const [VALIDATION, TEST, PERIOD] = [4, 9, 10];

const FRACTIONS: Fractions = { train: 0.8, validation: 0.1, test: 0.1 };

export type Fractions = Readonly<Record<SplitName, number>>;

/** How examples are divided into three splits. */
export interface Splitting {
  readonly rule: SplitRule;
  readonly fractions: Fractions;
  /** Cross-validation, instead of fractions. */
  readonly fold?: Fold;
}

/** The split of a cross-validation whose test examples are part `index`, and whose validation examples are the next part. */
export interface Fold {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

/** Folds that data can be split into: one is for the test, one for validation. */
export const FOLD_COUNTS: { readonly least: number; readonly most: number } = { least: 3, most: 100 };

/** Example numbers of each split, in ascending order. */
export type ExamplesBySplit = Readonly<Record<SplitName, Uint32Array>>;

/** Facts of each example, by its number. */
export interface SplitFacts {
  /** Of its content. */
  readonly hashes: ContentHashes;
  readonly labels?: ArrayLike<number> | undefined;
  /** Examples of one group, such as the pictures of one person, stay in one split. */
  readonly groups?: readonly string[] | undefined;
}

/**
 * The splitting that a reference asks for by its option `split`: fractions as in `train=.8,validation=.1,test=.1`, `exact`, or
 * `fold=0/5`.
 *
 * @throws DataError (`data-format`) for anything else, or a rule of a later version
 */
export function splittingOf({ path, options = {}, splitRule, sha256 }: DataReference): Splitting {
  const { split, group } = options;
  const refuse = (what: string) => new DataError('data-format', `${path}: ${what}`, { path, split, splitRule });
  // References that were recorded with a hash but no rule are from before there were two.
  const rule = splitRule ?? (sha256 === undefined ? 'hash-1' : 'tenths');
  if (!(SPLIT_RULES as readonly string[]).includes(rule)) {
    throw refuse(`there is no rule '${rule}' of splitting; known: ${SPLIT_RULES.join(', ')}`);
  }
  if (split === 'exact' || rule === 'tenths') {
    if (group !== undefined) throw refuse("'exact' splits know no groups: give fractions, or no group");
    return { rule: 'tenths', fractions: FRACTIONS };
  }
  if (split === undefined) return { rule: 'hash-1', fractions: FRACTIONS };
  const { least, most } = FOLD_COUNTS;
  const wanted = `fractions that add up to 1, such as train=.8,validation=.1,test=.1, or 'exact', or fold=0/5 to fold=4/5 (of ${least} to ${most})`;
  const [, index, of] = /^fold=(\d{1,3})\/(\d{1,3})$/.exec(`${split}`) ?? [];
  if (index !== undefined) {
    const fold = { index: Number(index), of: Number(of) };
    if (fold.of < least || fold.of > most || fold.index >= fold.of)
      throw refuse(`split must be ${wanted}, not '${split}'`);
    return { rule: 'hash-1', fractions: FRACTIONS, fold };
  }
  const given = Object.fromEntries(`${split}`.split(',').map((entry) => entry.split('=').map((word) => word.trim())));
  const fractions = SPLIT_NAMES.map((name) =>
    /^(\d+(\.\d*)?|\.\d+)$/.test(given[name] ?? '') ? Number(given[name]) : 0,
  );
  const sum = fractions.reduce((total, fraction) => total + fraction, 0);
  const whole = Object.keys(given).length === SPLIT_NAMES.length && Math.abs(sum - 1) < 1e-6;
  if (!whole || fractions.some((fraction) => fraction === 0)) throw refuse(`split must be ${wanted}, not '${split}'`);
  const [train, validation, test] = fractions as [number, number, number];
  return { rule: 'hash-1', fractions: { train, validation, test } };
}

/**
 * Equal examples go to one split, whatever their files are called.
 *
 * @throws DataError (`data-format`) fewer than ten different examples, or three groups
 */
export function splitExamples(name: string, splitting: Splitting, facts: SplitFacts): ExamplesBySplit {
  if (splitting.rule === 'tenths') return splitByTenths(name, facts);
  return splitting.fold ? splitByFold(name, splitting.fold, facts) : splitByHash(name, splitting.fractions, facts);
}

/** Examples that stay together, unit after unit in the order of their keys. */
interface Units {
  readonly count: number;
  /** Of the first example of a unit. */
  labelOf(unit: number): number;
  /** The number of a unit's first example. */
  firstOf(unit: number): number;
  membersOf(unit: number): Uint32Array;
}

/** @param compare two examples by their keys: 0 if they are of one unit */
function unitsOf(size: number, compare: (a: number, b: number) => number, labels?: ArrayLike<number>): Units {
  const order = numbersTo(size).sort((a, b) => compare(a, b) || a - b);
  const starts = numbersTo(size).filter((i) => i === 0 || compare(order[i - 1]!, order[i]!) !== 0);
  const firstOf = (unit: number) => order[starts[unit]!]!;
  return {
    count: starts.length,
    firstOf,
    labelOf: (unit) => labels?.[firstOf(unit)] ?? 0,
    membersOf: (unit) => order.subarray(starts[unit]!, starts[unit + 1] ?? size),
  };
}

function numbersTo(size: number): Uint32Array {
  return Uint32Array.from({ length: size }, (_, index) => index);
}

/** Example numbers by split, each in ascending order. */
function examplesBySplit(
  size: number,
  { count, membersOf }: Units,
  splitOf: (unit: number) => SplitName,
): ExamplesBySplit {
  const codes = new Uint8Array(size);
  for (let unit = 0; unit < count; unit++) {
    const code = SPLIT_NAMES.indexOf(splitOf(unit));
    for (const index of membersOf(unit)) codes[index] = code;
  }
  return bySplit(codes);
}

/** @param codes the number of each example's split in {@link SPLIT_NAMES} */
function bySplit(codes: Uint8Array): ExamplesBySplit {
  const all = numbersTo(codes.length);
  const of = (split: SplitName) => all.filter((index) => SPLIT_NAMES[codes[index]!] === split);
  return { train: of('train'), validation: of('validation'), test: of('test') };
}

function tooFew(name: string, found: number, noun: string, least: number): DataError {
  const message = `${name} has ${found} different ${found === 1 ? noun : `${noun}s`}: ${least} at least are needed to split them into train, validation and test`;
  return new DataError('data-format', message, { name, [`${noun}s`]: found });
}

/** In the order of labels, then hashes, every tenth: each class is in each split as far as it has examples. */
function splitByTenths(name: string, { hashes, labels }: SplitFacts): ExamplesBySplit {
  const byLabel = (a: number, b: number) => (labels ? labels[a]! - labels[b]! : 0);
  const units = unitsOf(hashes.length, (a, b) => byLabel(a, b) || hashes.compare(a, b));
  if (units.count < PERIOD) throw tooFew(name, units.count, 'example', PERIOD);
  return examplesBySplit(hashes.length, units, (unit) => {
    const turn = unit % PERIOD;
    return turn === VALIDATION ? 'validation' : turn === TEST ? 'test' : 'train';
  });
}

/**
 * In the order of labels, then hashes, every example in turn to another part: parts differ by one example at most in each class, and
 * equal examples are in one. Groups are dealt out in the order of their names' hashes.
 */
function splitByFold(name: string, { index, of }: Fold, { hashes, labels, groups }: SplitFacts): ExamplesBySplit {
  const keys = groups ? ContentHashes.of(groups.length, (example) => groups[example]!) : hashes;
  const byLabel = (a: number, b: number) => (labels && !groups ? labels[a]! - labels[b]! : 0);
  const units = unitsOf(hashes.length, (a, b) => byLabel(a, b) || keys.compare(a, b));
  if (units.count < of) throw tooFew(name, units.count, groups ? 'group' : 'example', of);
  return examplesBySplit(hashes.length, units, (unit) => {
    const part = unit % of;
    return part === index ? 'test' : part === (index + 1) % of ? 'validation' : 'train';
  });
}

/**
 * By a number in [0, 1) that the first 52 bits of a hash are: of the content, or of the group's name. Below the first fraction
 * is train, then validation, then test; so splits have the fractions only about. Only where a class would have no training
 * example, or a split nothing at all, the nearest one goes there.
 */
function splitByHash(name: string, fractions: Fractions, { hashes, labels, groups }: SplitFacts): ExamplesBySplit {
  const keys = groups ? ContentHashes.of(groups.length, (index) => groups[index]!) : hashes;
  const units = unitsOf(hashes.length, (a, b) => keys.compare(a, b), labels);
  const least = groups ? SPLIT_NAMES.length : PERIOD;
  if (units.count < least) throw tooFew(name, units.count, groups ? 'group' : 'example', least);
  const places = Float64Array.from({ length: units.count }, (_, unit) => keys.fraction(units.firstOf(unit)));
  const splits = Array.from(places, (place) => splitAt(place, fractions));
  if (!groups) {
    const trained = new Set<number>();
    splits.forEach((split, unit) => {
      if (split === 'train') trained.add(units.labelOf(unit));
    });
    for (const unit of splits.keys()) {
      const label = units.labelOf(unit);
      if (!trained.has(label)) splits[unit] = 'train';
      trained.add(label);
    }
  }
  const placed: Placed = { places, splits, labelOf: groups ? undefined : units.labelOf };
  for (const split of SPLIT_NAMES) fill(split, placed, fractions);
  return examplesBySplit(hashes.length, units, (unit) => splits[unit]!);
}

/** Units where their hashes place them. */
interface Placed {
  readonly places: Float64Array;
  readonly splits: SplitName[];
  /** Given: a class keeps a training example. */
  readonly labelOf: ((unit: number) => number) | undefined;
}

/** Moves the nearest unit of another split to one that is empty, but no class's only training example. */
function fill(split: SplitName, { places, splits, labelOf }: Placed, fractions: Fractions): void {
  if (splits.includes(split)) return;
  const count = (of: (unit: number) => boolean) => splits.reduce((sum, _, unit) => sum + (of(unit) ? 1 : 0), 0);
  const sizes = Object.fromEntries(SPLIT_NAMES.map((name) => [name, count((unit) => splits[unit] === name)]));
  const isTrained = (label: number) => (unit: number) => splits[unit] === 'train' && labelOf!(unit) === label;
  const spare = (unit: number) =>
    sizes[splits[unit]!]! > 1 && (!labelOf || splits[unit] !== 'train' || count(isTrained(labelOf(unit))) > 1);
  const middle = middleOf(split, fractions);
  const distance = (unit: number) => Math.abs(places[unit]! - middle);
  const nearest = [...splits.keys()].sort((a, b) => distance(a) - distance(b)).find(spare);
  if (nearest !== undefined) splits[nearest] = split;
}

function splitAt(place: number, { train, validation }: Fractions): SplitName {
  return place < train ? 'train' : place < train + validation ? 'validation' : 'test';
}

function middleOf(split: SplitName, { train, validation }: Fractions): number {
  return { train: 0, validation: train + validation / 2, test: 1 }[split];
}

/** Example numbers by the split that each is said to be in. */
export function splitByPart(parts: readonly SplitName[]): ExamplesBySplit {
  return bySplit(Uint8Array.from(parts, (part) => SPLIT_NAMES.indexOf(part)));
}

/** The split that a folder, a file or a cell of a table is named after: `validation` is also called `val`, `valid` or `dev`. */
export function splitNamed(name: string): SplitName | undefined {
  const word = name.toLowerCase();
  return SPLIT_NAMES.find((split) => split === word) ?? (/^(val|valid|dev)$/.test(word) ? 'validation' : undefined);
}

/** `32 train, 4 validation, 4 test`. */
export function describeSizes(sizeOf: (split: SplitName) => number): string {
  return SPLIT_NAMES.map((split) => `${sizeOf(split)} ${split}`).join(', ');
}
