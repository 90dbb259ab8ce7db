import { writeFile } from 'node:fs/promises';
import { NoChromiumError } from '../browser/chromium.js';
import type { BundleSizes, Outcome, Row } from '../matrix/row.js';
import { OfflineError, ROOT } from '../packages/project.js';
import type { Lab } from './lab.js';
import { differenceOf, type Settings, type Outcome as Told } from './scenario.js';

/** A host, and how the scenario runs in it. */
export interface App {
  readonly name: string;
  readonly title: string;
  /** Needs no package but infer, onnxruntime and esbuild. */
  readonly quick?: boolean;
  readonly settings: Settings;
  /** Where the host can't work: the message of the one error that says so. */
  readonly refused?: RegExp;
  /** Builds the app, in minutes at most, and tells how to run it. `log` takes what it prints. */
  prepare(lab: Lab, log: (text: string) => void): Promise<PreparedApp>;
}

export interface PreparedApp extends AsyncDisposable {
  readonly sizes?: BundleSizes;
  /** Runs the scenario once in each place where the app does. */
  run(settings: Settings): Promise<readonly Told[]>;
}

/** Milliseconds that the scenario may take on one device. */
export const DEADLINE = 30_000;

/** @throws Error when the host does not do what the app says that it does */
export async function check(app: App, lab: Lab, log: (text: string) => void): Promise<Passed> {
  const expected = await lab.expected();
  await using prepared = await app.prepare(lab, log);
  const { devices } = app.settings;
  const outcomes = await within(DEADLINE * devices.length, prepared.run(app.settings));
  if (outcomes.length === 0) throw new Error('the app ran nowhere');
  log(`${JSON.stringify(outcomes.map(({ results, error }) => ({ devices: results.map((r) => r.device), error })))}\n`);
  const sizes = prepared.sizes && { sizes: prepared.sizes };
  return { about: outcomes.map((outcome) => judge(outcome, app, expected))[0]!, ...sizes };
}

export interface Passed {
  readonly about: string;
  readonly sizes?: BundleSizes;
}

/** The outcome in a word or a line. @throws Error when it is not the expected one */
export function judge(
  { results, error }: Told,
  { refused, settings }: Pick<App, 'refused' | 'settings'>,
  expected: readonly number[],
): string {
  for (const { device, numbers } of results) {
    const difference = differenceOf(numbers, expected);
    if (difference !== undefined) throw new Error(`${device}: ${difference}`);
  }
  const worked = results.map(({ device }) => device).join(', ');
  if (refused === undefined) {
    if (error) throw new Error(`${worked}; then ${error.name} ${error.code}: ${error.message}`);
    if (results.length !== settings.devices.length) throw new Error(`only ${worked} ran`);
    return `works: ${worked}`;
  }
  if (!error) throw new Error(`works on ${worked}, though it was to be refused`);
  if (error.code === undefined || error.message.includes('\n') || !refused.test(error.message)) {
    throw new Error(`refused with ${error.name} ${error.code}: ${error.message}`);
  }
  return `${worked && `works: ${worked}; `}refused: ${error.message}`;
}

/** @throws Error when the work takes longer */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: nothing after ${milliseconds / 1000} s`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The app as a row of a table. */
export function rowOf(app: App, open: () => Promise<Lab>): Row {
  const { name, title, quick = false } = app;
  return {
    name,
    title,
    quick,
    run: (logFile) => guarded(logFile, async (log) => check(app, await open(), log)),
  };
}

/** The result of a row: its findings, the reason it can't run here, or its failure. `log` takes lines for the log. */
export async function guarded(
  logFile: string,
  work: (log: (text: string) => void) => Promise<Passed>,
): Promise<Outcome> {
  let text = '';
  try {
    const passed = await work((more) => {
      text += more;
    });
    return { status: 'passed', ...passed, about: oneLine(passed.about) };
  } catch (error) {
    if (error instanceof NoChromiumError || error instanceof OfflineError) {
      return { status: 'skipped', reason: error.message };
    }
    text += (error as Error).stack ?? error;
    return { status: 'failed', about: oneLine((error as Error).message) };
  } finally {
    await writeFile(logFile, text);
  }
}

/** On one line, and the same on every machine: without its folders and ports. */
function oneLine(message: string): string {
  const line = message
    .replaceAll(ROOT, '')
    .replaceAll('127.0.0.1', 'localhost')
    .replace(/localhost:\d+/g, 'localhost')
    .replace(/[\da-f]{8}-[-\da-f]{27}/g, 'UUID')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > 400 ? `${line.slice(0, 400)} ...` : line;
}
