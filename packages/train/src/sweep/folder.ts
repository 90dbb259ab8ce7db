import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { issueLine } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';
import type { OptionValues } from '../options/option.js';
import { writeAtomically } from '../run/atomic.js';
import { SweepError } from './errors.js';
import { repetitionsOf, type SweepSpec, sweepSchema } from './spec.js';
import type { TrialReport } from './stoppers/stopper.js';

/** Of `sweep.json`. A folder of a newer version is refused. */
const FORMAT = 1;

/** Records that are read at a time. */
const AT_ONCE = 64;

/** End of the name of a report with which its trial was stopped. */
const STOPS = '=stop';

/** One set of settings, and how far it came. */
export interface TrialRecord {
  readonly number: number;
  readonly settings: OptionValues;
  /** `open`: drawn, not ended. `stopped`: ended early by the stopping rule. */
  readonly state: 'open' | 'finished' | 'stopped' | 'failed';
  /** The target of each training on the validation split, in the order of the seeds, of each seed in that of the folds. */
  readonly values: readonly number[];
  /** Of a stopped trial: the epochs after which it was. */
  readonly epochs?: number | undefined;
  /** Of training, all seeds together. */
  readonly seconds?: number | undefined;
  /** Why it failed, in one line. */
  readonly error?: string | undefined;
}

const recordSchema: z.ZodType<TrialRecord> = z.object({
  number: z.int().nonnegative(),
  settings: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  state: z.enum(['open', 'finished', 'stopped', 'failed']),
  values: z.array(z.number()),
  epochs: z.number().optional(),
  seconds: z.number().optional(),
  error: z.string().optional(),
});

const headSchema = z.object({ format: z.int(), began: z.iso.datetime(), spec: z.unknown() });

/** Identity of a sweep: all but its length. The order of keys counts in the space alone, where parameters are drawn in turn. */
function identity({ trials: _, hours: __, space, ...rest }: SweepSpec): string {
  return JSON.stringify([space, sorted(rest)]);
}

/** The same with the keys of all objects in alphabetical order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

/**
 * The files of a sweep: `sweep.json` (its spec), `trials/0000/` (the run folder of a trial, one for each seed and fold below it
 * where there are several), `trials/0000.json` (its record), `reports/EPOCH/` (an empty file for each trial that came so far, named
 * with its value, and `=stop` if it was stopped there: one listing tells all of them, on network file systems too).
 */
export class SweepFolder {
  private constructor(
    readonly path: string,
    readonly spec: SweepSpec,
    readonly began: Date,
  ) {}

  /**
   * Begins a sweep in the folder, or goes on with the one that is there.
   *
   * @throws SweepError (`sweep-differs`) when another one is there
   */
  static async begin(path: string, spec: SweepSpec): Promise<SweepFolder> {
    const there = await SweepFolder.#read(path);
    if (there && identity(there.spec) !== identity(spec)) {
      const message = `${path} holds another sweep: give another --out, or go on with the sweep file that it was begun with`;
      throw new SweepError('sweep-differs', message, { path });
    }
    const began = there?.began ?? new Date();
    await mkdir(join(path, 'trials'), { recursive: true });
    const head = { format: FORMAT, began: began.toISOString(), spec };
    await writeAtomically(join(path, 'sweep.json'), `${JSON.stringify(head, undefined, 2)}\n`);
    return new SweepFolder(path, spec, began);
  }

  /** @throws SweepError (`sweep-missing`, `sweep-invalid`) */
  static async open(path: string): Promise<SweepFolder> {
    const there = await SweepFolder.#read(path);
    if (there === undefined) throw new SweepError('sweep-missing', `there is no sweep in ${path}`, { path });
    return there;
  }

  static async #read(path: string): Promise<SweepFolder | undefined> {
    const file = join(path, 'sweep.json');
    const text = await readText(file);
    if (text === undefined) return undefined;
    const head = parseFile(file, text, headSchema);
    if (head.format > FORMAT) {
      const message = `${file} is of version ${head.format}, newer than ${FORMAT}: update onnx-forge`;
      throw new SweepError('sweep-invalid', message, { path: file });
    }
    return new SweepFolder(path, parseValue(file, head.spec, sweepSchema), new Date(head.began));
  }

  /** Name of a trial in messages and files: `0042`. */
  static trialName(number: number): string {
    return `${number}`.padStart(4, '0');
  }

  /** `results.csv`, for spreadsheets. */
  get resultsFile(): string {
    return join(this.path, 'results.csv');
  }

  /** The run folder of a trial's training with one of the seeds, on one of the folds if there are any. */
  runFolder(number: number, seed: number, fold?: number): string {
    const folder = join(this.path, 'trials', SweepFolder.trialName(number));
    const all = repetitionsOf(this.spec);
    const one = all.find((training) => training.seed === seed && training.fold === fold);
    return all.length === 1 || !one ? folder : join(folder, one.name.replaceAll(' ', '-'));
  }

  /** The run folders of a trial. */
  runFolders(number: number): string[] {
    return repetitionsOf(this.spec).map(({ seed, fold }) => this.runFolder(number, seed, fold));
  }

  /** @returns undefined when the trial was not drawn yet */
  async record(number: number): Promise<TrialRecord | undefined> {
    const file = this.#recordFile(number);
    const text = await readText(file);
    return text === undefined ? undefined : parseFile(file, text, recordSchema);
  }

  async writeRecord(record: TrialRecord): Promise<void> {
    await writeAtomically(this.#recordFile(record.number), `${JSON.stringify(record)}\n`);
  }

  /** Records of the trials `from` up to, not including, `to`, in the order of their numbers, read a few at a time. */
  async *records(from = 0, to: number = Number.POSITIVE_INFINITY): AsyncGenerator<TrialRecord> {
    const names = await readdir(join(this.path, 'trials')).catch(() => []);
    const all = names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
    const numbers = all.filter((number) => number >= from && number < to);
    numbers.sort((one, other) => one - other);
    for (let i = 0; i < numbers.length; i += AT_ONCE) {
      const some = await Promise.all(numbers.slice(i, i + AT_ONCE).map((number) => this.record(number)));
      for (const record of some) if (record) yield record;
    }
  }

  /**
   * Makes failed trials open again, with their settings. Trainings that had finished are kept; those that failed begin anew:
   * what they failed of may lie in their run folders.
   *
   * @returns their numbers
   */
  async reopenFailed(): Promise<readonly number[]> {
    const failed: TrialRecord[] = [];
    for await (const record of this.records()) if (record.state === 'failed') failed.push(record);
    for (const { number, settings, values } of failed) {
      for (const folder of this.runFolders(number).slice(values.length)) {
        await rm(folder, { recursive: true, force: true });
      }
      if (values.length === 0) await this.#forgetReports(number);
      await this.writeRecord({ number, settings, state: 'open', values: [] });
    }
    return failed.map(({ number }) => number);
  }

  async #forgetReports(trial: number): Promise<void> {
    const root = join(this.path, 'reports');
    for (const resource of await readdir(root).catch(() => [])) {
      for (const name of await readdir(join(root, resource))) {
        if (Number(name.split('=')[0]) === trial) await rm(join(root, resource, name), { force: true });
      }
    }
  }

  /** Tells other trials that this one came so far. Synchronous, as training waits for it. */
  report(report: TrialReport): void {
    const file = this.#reportFile(report);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  }

  /** Writes down that a trial ends with this report, before anything acts on it: no process goes on past the decision. */
  stop(report: TrialReport): void {
    const file = this.#reportFile(report);
    renameSync(file, `${file}${STOPS}`);
  }

  /** The epoch after which a trial was told to end; undefined: it was not. */
  async stoppedAt(trial: number): Promise<number | undefined> {
    const root = join(this.path, 'reports');
    for (const resource of await readdir(root).catch(() => [])) {
      const names = await readdir(join(root, resource));
      if (names.some((name) => name.endsWith(STOPS) && Number(name.split('=')[0]) === trial)) return Number(resource);
    }
    return undefined;
  }

  #reportFile({ trial, resource, loss }: TrialReport): string {
    return join(this.path, 'reports', `${resource}`, `${SweepFolder.trialName(trial)}=${loss}`);
  }

  /** All that trials reported after `upTo` epochs or fewer. */
  reports(upTo: number): TrialReport[] {
    const root = join(this.path, 'reports');
    if (!existsSync(root)) return [];
    const resources = readdirSync(root)
      .map(Number)
      .filter((resource) => resource <= upTo);
    const reports = new Map<string, TrialReport>();
    for (const resource of resources) {
      for (const name of readdirSync(join(root, `${resource}`))) {
        const [trial, loss] = name.split('=').map(Number);
        if (!Number.isSafeInteger(trial) || loss === undefined || Number.isNaN(loss)) continue;
        reports.set(`${resource} ${trial}`, { trial: trial!, resource, loss });
      }
    }
    return [...reports.values()];
  }

  #recordFile(number: number): string {
    return join(this.path, 'trials', `${SweepFolder.trialName(number)}.json`);
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(file)).toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SweepError('sweep-invalid', `${file} can't be read: ${(error as Error).message}`, { path: file });
  }
}

function parseFile<T>(file: string, text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SweepError('sweep-invalid', `${file} is not JSON: ${(error as Error).message}`, { path: file });
  }
  return parseValue(file, json, schema);
}

function parseValue<T>(file: string, json: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const fault = issueLine(result.error.issues[0]!, json);
  throw new SweepError('sweep-invalid', `${file} is not valid: ${fault}`, { path: file });
}
