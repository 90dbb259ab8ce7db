import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the compiled tests are. */
const DIST: string = fileURLToPath(new URL('../', import.meta.url));

/** Lists of tests: files without their ending, or folders of them. `matrix.test.ts` holds that they exist. */
export const SUITES = {
  /** Numbers that onnxruntime computes, compared with closed forms, finite differences and tfjs on its cpu backend. */
  numeric: [
    'export/adam',
    'export/convolutions',
    'export/export',
    'export/inPlace',
    'export/lowerings',
    'export/movement',
    'export/processors',
    'export/simplified',
    'export/step',
    'export/stepConvolutions',
    'infer/random',
    'train/objectives',
    'train/steps',
    'train/variational',
    'train/whitening',
  ],
  /** Whole trainings in both engines. */
  training: ['train/engine', 'train/trainer'],
  /** Tests that use a WebGPU adapter in Node if there is one. */
  webgpu: [
    'export/convolutions',
    'export/layers',
    'export/movement',
    'export/stepConvolutions',
    'infer/device',
    'infer/latent',
    'train/fine-tuning',
  ],
  /** Tests that read real data sets if there are some. */
  data: ['train/data'],
} as const satisfies Record<string, readonly string[]>;

/** The longest tests, measured in a serial run: trainings, browsers, and hundreds of commands one after another. */
export const LONG = ['explorer', 'infer/conformance', 'models', 'tfjs-suite', 'train/cli'] as const;

/** Paths of the compiled files of a list. @throws Error if an entry names none */
export function filesOf(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => {
    const file = `${DIST}${entry}.test.js`;
    if (existsSync(file)) return [file];
    const files = existsSync(DIST + entry) ? testsBelow(`${entry}/`) : [];
    if (files.length === 0) throw new Error(`there are no tests '${entry}'`);
    return files;
  });
}

export function everyFile(): string[] {
  return testsBelow('');
}

/** Every file but those of {@link LONG}. */
export function shortFiles(): string[] {
  const long = new Set(filesOf(LONG));
  return everyFile().filter((file) => !long.has(file));
}

function testsBelow(folder: string): string[] {
  const names = readdirSync(DIST + folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.test.js'))
    .sort()
    .map((name) => DIST + folder + name);
}
