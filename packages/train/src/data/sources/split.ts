import { createHash } from 'node:crypto';
import { type DataReference, SPLIT_NAMES, type SplitName } from '../data-set.js';
import { DataError } from '../errors.js';

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
}

/** Facts of each example, by its number. */
export interface SplitFacts {
  /** Hash of its content, in hexadecimal. */
  readonly hashes: readonly string[];
  readonly labels?: ArrayLike<number> | undefined;
  /** Examples of one group, such as the pictures of one person, stay in one split. */
  readonly groups?: readonly string[] | undefined;
}

/**
 * The splitting that a reference asks for by its option `split`: fractions as in `train=.8,validation=.1,test=.1`, or `exact`.
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
  const wanted = "fractions that add up to 1, such as train=.8,validation=.1,test=.1, or 'exact'";
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
 * Example numbers of three splits, each in ascending order. Equal examples go to one split, whatever their files are called.
 *
 * @throws DataError (`data-format`) fewer than ten different examples, or three groups
 */
export function splitExamples(name: string, splitting: Splitting, facts: SplitFacts): Record<SplitName, number[]> {
  const chosen =
    splitting.rule === 'tenths' ? splitByTenths(name, facts) : splitByHash(name, splitting.fractions, facts);
  for (const split of Object.values(chosen)) split.sort((a, b) => a - b);
  return chosen;
}

/** Examples that stay together. */
interface Unit {
  readonly hash: string;
  readonly label: number;
  readonly members: number[];
}

function unitsOf(
  size: number,
  keyOf: (index: number) => string,
  unit: (index: number) => Omit<Unit, 'members'>,
): Unit[] {
  const units = new Map<string, Unit>();
  for (let index = 0; index < size; index++) {
    const key = keyOf(index);
    const there = units.get(key);
    if (there) there.members.push(index);
    else units.set(key, { ...unit(index), members: [index] });
  }
  return [...units.values()];
}

function tooFew(name: string, found: number, noun: string, least: number): DataError {
  const message = `${name} has ${found} different ${found === 1 ? noun : `${noun}s`}: ${least} at least are needed to split them into train, validation and test`;
  return new DataError('data-format', message, { name, [`${noun}s`]: found });
}

/** In the order of labels, then hashes, every tenth: each class is in each split as far as it has examples. */
function splitByTenths(name: string, { hashes, labels }: SplitFacts): Record<SplitName, number[]> {
  const labelOf = (index: number) => labels?.[index] ?? 0;
  const units = unitsOf(
    hashes.length,
    (index) => `${labelOf(index)} ${hashes[index]}`,
    (index) => ({ label: labelOf(index), hash: hashes[index]! }),
  );
  if (units.length < PERIOD) throw tooFew(name, units.length, 'example', PERIOD);
  units.sort((a, b) => a.label - b.label || (a.hash < b.hash ? -1 : 1));
  const splits: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const [place, { members }] of units.entries()) {
    const turn = place % PERIOD;
    splits[turn === VALIDATION ? 'validation' : turn === TEST ? 'test' : 'train'].push(...members);
  }
  return splits;
}

/**
 * By a number in [0, 1) that the first 52 bits of a hash are: of the content, or of the group's name. Below the first fraction
 * is train, then validation, then test; so splits have the fractions only about. Only where a class would have no training
 * example, or a split nothing at all, the nearest one goes there.
 */
function splitByHash(
  name: string,
  fractions: Fractions,
  { hashes, labels, groups }: SplitFacts,
): Record<SplitName, number[]> {
  const keys = groups ? groups.map((group) => createHash('sha256').update(group).digest('hex')) : hashes;
  const units = unitsOf(
    hashes.length,
    (index) => keys[index]!,
    (index) => ({ label: labels?.[index] ?? 0, hash: keys[index]! }),
  );
  const least = groups ? SPLIT_NAMES.length : PERIOD;
  if (units.length < least) throw tooFew(name, units.length, groups ? 'group' : 'example', least);
  const placed: Placed[] = units
    .map((unit) => ({ ...unit, place: Number.parseInt(unit.hash.slice(0, 13), 16) / 2 ** 52 }))
    .sort((a, b) => a.place - b.place || (a.hash < b.hash ? -1 : 1))
    .map((unit) => ({ ...unit, split: splitAt(unit.place, fractions) }));
  const trained = new Set(placed.filter(({ split }) => split === 'train').map(({ label }) => label));
  for (const unit of groups ? [] : placed) {
    if (trained.has(unit.label)) continue;
    unit.split = 'train';
    trained.add(unit.label);
  }
  for (const split of SPLIT_NAMES) fill(split, placed, fractions, groups !== undefined);
  const splits: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const { split, members } of placed) splits[split].push(...members);
  return splits;
}

interface Placed extends Unit {
  readonly place: number;
  split: SplitName;
}

/** Moves the nearest unit of another split to one that is empty, but no class's only training example. */
function fill(split: SplitName, placed: readonly Placed[], fractions: Fractions, grouped: boolean): void {
  if (placed.some((unit) => unit.split === split)) return;
  const count = (of: (unit: Placed) => boolean) => placed.filter(of).length;
  const sizes = Object.fromEntries(SPLIT_NAMES.map((name) => [name, count((unit) => unit.split === name)]));
  const spare = (unit: Placed) =>
    sizes[unit.split]! > 1 &&
    (grouped || unit.split !== 'train' || count(({ split, label }) => split === 'train' && label === unit.label) > 1);
  const middle = middleOf(split, fractions);
  const nearest = [...placed].sort((a, b) => Math.abs(a.place - middle) - Math.abs(b.place - middle)).find(spare);
  if (nearest) nearest.split = split;
}

function splitAt(place: number, { train, validation }: Fractions): SplitName {
  return place < train ? 'train' : place < train + validation ? 'validation' : 'test';
}

function middleOf(split: SplitName, { train, validation }: Fractions): number {
  return { train: 0, validation: train + validation / 2, test: 1 }[split];
}

/** Example numbers by the split that each is said to be in. */
export function splitByPart(parts: readonly SplitName[]): Record<SplitName, number[]> {
  const splits: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const [index, part] of parts.entries()) splits[part].push(index);
  return splits;
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
