import { fileURLToPath } from 'node:url';
import { NODE_VERSIONS } from './node-versions.js';
import { NO_WEBGPU, type Outcome, program, type Row, type Setting, tests, whyNot } from './row.js';
import { command } from './run.js';
import { everyFile, filesOf, SUITES, shortFiles } from './suites.js';

const [oldest, newest] = [NODE_VERSIONS[0], NODE_VERSIONS.at(-1)!];
const majorOf = (version: string): string => version.split('.')[0]!;

/** Processors by what they lack. Neither has AVX-512, so onnxruntime's blocks have 8 channels. */
const PROCESSORS = { nehalem: ['Nehalem', 'SSE only'], haswell: ['Haswell', 'AVX2, no AVX-512'] } as const;

const numeric = (): string[] => filesOf(SUITES.numeric);
const computing = (): string[] => filesOf([...SUITES.numeric, ...SUITES.training]);

/** The matrix: a row is an entry here. */
export const ROWS: readonly Row[] = [
  tests('native', 'numeric suites on this processor', numeric, { env: NO_WEBGPU }, true),
  ...Object.entries(PROCESSORS).map(([name, [cpu, has]]) =>
    tests(name, `numeric suites on a processor with ${has} (qemu)`, numeric, { emulated: cpu, env: NO_WEBGPU }),
  ),
  { name: 'bytes', title: 'exported graphs have the same bytes on each of these processors', run: sameBytes },
  ...[1, 2].map((threads) =>
    tests(
      `threads${threads}`,
      `numeric suites and trainings, ${threads} thread(s) an operator`,
      computing,
      { threads },
      true,
    ),
  ),
  tests('no-webgpu', 'without a WebGPU adapter', () => filesOf(SUITES.webgpu), { env: NO_WEBGPU }, true),
  tests(
    'no-data',
    'without ONNX_FORGE_DATA',
    () => filesOf(SUITES.data),
    { env: { ONNX_FORGE_DATA: undefined } },
    true,
  ),
  tests('nets', 'random networks over free sizes, 2,000 of them', () => filesOf(['export/free-sizes']), {
    env: { ONNX_FORGE_NETS: '2000' },
  }),
  { name: 'runtimes', title: "exported graphs under PyPI's onnx.checker and in old onnxruntimes", run: runtimes },
  { name: 'apps', title: 'the app suite (`npm run apps`)', run: apps },
  ...NODE_VERSIONS.map((node) => {
    const whole = node === oldest || node === newest;
    const title = whole ? 'the whole suite' : 'the suite without its longest tests';
    return tests(`node${majorOf(node)}`, `${title} on Node ${node}`, whole ? everyFile : shortFiles, { node });
  }),
];

const RUNTIMES = fileURLToPath(new URL('runtimes.js', import.meta.url));

async function runtimes(log: string): Promise<Outcome> {
  const { code, output } = await command([process.execPath, RUNTIMES], { log });
  const reason = /^skipped: (.*)$/m.exec(output)?.[1];
  return reason === undefined ? { status: code === 0 ? 'passed' : 'failed' } : { status: 'skipped', reason };
}

const APPS = fileURLToPath(new URL('../apps/main.js', import.meta.url));

async function apps(log: string): Promise<Outcome> {
  const { code, output } = await command([process.execPath, APPS], { log });
  const results = [...output.matchAll(/^\| `[^`]+` \| [^|]+ \| (works|refused|skipped|\*\*failed)/gm)].map(
    ([, word]) => word,
  );
  const count = (word: string): number => results.filter((found) => found === word).length;
  const about = ['works', 'refused', 'skipped'].map((word) => `${word} ${count(word)}`).join(', ');
  return { status: code === 0 && results.length > 0 ? 'passed' : 'failed', about };
}

const EXPORTED = fileURLToPath(new URL('exported-bytes.js', import.meta.url));
const RECIPES = ['vae', 'transformer', 'wgan-lp'];

/** Exports recipes natively and on each emulated processor: the sums must agree. (qemu's warnings go to stderr.) */
async function sameBytes(log: string): Promise<Outcome> {
  const settings: Setting[] = [{}, ...Object.values(PROCESSORS).map(([emulated]) => ({ emulated }))];
  const [reason] = (await Promise.all(settings.map(whyNot))).filter((why) => why !== undefined);
  if (reason !== undefined) return { status: 'skipped', reason };
  const sums = await Promise.all(
    settings.map(async (setting) => {
      const { words, env } = await program(setting);
      return command([...words, EXPORTED, ...RECIPES], { log: `${log}.${setting.emulated ?? 'native'}`, env });
    }),
  );
  const [native] = sums;
  const equal = sums.every(({ code, stdout }) => code === 0 && stdout === native!.stdout);
  return { status: equal ? 'passed' : 'failed', about: `${native!.stdout.trim().split('\n').length} graphs` };
}
