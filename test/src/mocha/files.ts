import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the compiled tests are. */
const DIST: string = fileURLToPath(new URL('../', import.meta.url));

/** Files and folders of tests that take 10 seconds or more, the longest first; measured with two jobs on two cores. */
export const LONG = [
  'packages/packages',
  'infer/conformance',
  'train/trainer',
  'models/engines',
  'explorer',
  'train/cli/run-commands',
  'train/cli/train',
  'models/recipes',
  'tfjs-suite/suite',
  'train/fine-tuning',
  'train/train-anywhere',
  'train/callbacks/callbacks',
  'infer/browser',
  'models/own-data',
  'models/siamese',
  'export/recurrent',
  'export/movement',
  'export/convolutions',
  'infer/start',
  'train/data/sources-cli',
  'train/cli/translate',
  'train/cli/sweep',
  'train/sweep/sweep',
  'train/shards',
  'train/recipe-features',
  'export/failing-traces',
  'infer/trainable-browser',
  'models',
  'export/free-sizes',
  'export/rules',
  'examples/service',
  'bench/figures',
  'docs/site',
  'campaigns/campaigns',
  'train/cli',
] as const;

/** Paths of the compiled files of a list: files without their ending, or folders of them. @throws Error if an entry names none */
export function filesOf(entries: readonly string[]): string[] {
  const files = entries.flatMap((entry) => {
    const file = `${DIST}${entry}.test.js`;
    if (existsSync(file)) return [file];
    const below = existsSync(DIST + entry) ? testsBelow(`${entry}/`) : [];
    if (below.length === 0) throw new Error(`there are no tests '${entry}'`);
    return below;
  });
  return [...new Set(files)];
}

/** Every file, the long ones first: mocha starts files in the order that it is given, and a long one at the end would run alone. */
export function everyFile(): string[] {
  return longFirst(testsBelow(''));
}

/** The same files, those of {@link LONG} first. */
export function longFirst(files: readonly string[]): string[] {
  const wanted = new Set(files);
  const long = filesOf(LONG).filter((file) => wanted.has(file));
  return [...new Set([...long, ...files])];
}

function testsBelow(folder: string): string[] {
  const names = readdirSync(DIST + folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.test.js'))
    .sort()
    .map((name) => DIST + folder + name);
}
