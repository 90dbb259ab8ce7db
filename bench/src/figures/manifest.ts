import { readFile, writeFile } from 'node:fs/promises';
import type { Logged, Study } from './study.js';

/** A number of one run, as its manifest has it: `samples` are the examples, `draws` the Monte-Carlo samples of each. */
export interface FigureMetric {
  readonly name: string;
  readonly split: string;
  readonly value: number;
  readonly unit?: string;
  /** Not known of a number of the log. */
  readonly samples?: number;
  readonly draws?: number;
  /** After this epoch, in the log. */
  readonly logged?: Logged;
  readonly standardError?: number;
  readonly drawError?: number;
}

/** One training, and what was measured on it. */
export interface FigureRun {
  readonly seed: number;
  readonly device: string;
  readonly engine: string;
  readonly steps: number;
  readonly epochs: number;
  readonly dataSet: string;
  readonly created: string;
  /** Of training, on all threads of the machine. */
  readonly hours?: number;
  readonly metrics: readonly FigureMetric[];
}

export interface FigureArm {
  readonly runs: readonly FigureRun[];
}

/** `docs/figures/NAME.json`: everything that the table of a study is made from. */
export interface FigureManifest {
  readonly study: string;
  readonly model: string;
  readonly data: string;
  readonly arms: Readonly<Record<string, FigureArm>>;
}

const FOLDER = new URL('../../../docs/figures/', import.meta.url);

const fileOf = ({ name }: Study) => new URL(`${name}.json`, FOLDER);

/** The study's manifest; one without runs where there is none yet. */
export async function readFigures(study: Study): Promise<FigureManifest> {
  const { name, model, data, arms } = study;
  try {
    return JSON.parse(await readFile(fileOf(study), 'utf8')) as FigureManifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { study: name, model, data, arms: Object.fromEntries(Object.keys(arms).map((arm) => [arm, { runs: [] }])) };
  }
}

export async function writeFigures(study: Study, manifest: FigureManifest): Promise<void> {
  await writeFile(fileOf(study), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
