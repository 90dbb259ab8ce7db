import { fileURLToPath } from 'node:url';
import { APPS as HOSTS } from '../apps/apps.js';
import { filesOf } from '../mocha/files.js';
import { anywhereRows } from './anywhere.js';
import { NODE_VERSIONS } from './node-versions.js';
import { NO_WEBGPU, type Outcome, program, type Row, type Setting, tests, whyNot } from './row.js';
import { command } from './run.js';
import { findPython, install } from './runtimes/python.js';
import { filesOfNode, SUITES } from './suites.js';

const majorOf = (version: string): string => version.split('.')[0]!;

/** Processors by what they lack. Neither has AVX-512, so onnxruntime's blocks have 8 channels. */
const PROCESSORS = { nehalem: ['Nehalem', 'SSE only'], haswell: ['Haswell', 'AVX2, no AVX-512'] } as const;

const numeric = (): string[] => filesOf(SUITES.numeric);
const computing = (): string[] => filesOf([...SUITES.numeric, ...SUITES.training]);

/** The matrix: a row is an entry here. The minutes are planned: all of them must fit into 40. */
export const ROWS: readonly Row[] = [
  tests({
    name: 'native',
    title: 'numeric suites on this processor',
    minutes: 0.5,
    quick: true,
    files: numeric,
    env: NO_WEBGPU,
  }),
  ...Object.entries(PROCESSORS).map(([name, [emulated, has]]) =>
    tests({
      name,
      title: `numeric suites of onnxruntime's kernels on a processor with ${has} (qemu)`,
      minutes: name === 'nehalem' ? 1.5 : 2,
      files: () => filesOf(SUITES.kernels),
      emulated,
      env: NO_WEBGPU,
    }),
  ),
  {
    name: 'bytes',
    title: 'exported graphs have the same bytes on each of these processors',
    minutes: 1.5,
    run: sameBytes,
  },
  ...[1, 2].map((threads) =>
    tests({
      name: `threads${threads}`,
      title: `numeric suites and trainings, ${threads} thread(s) an operator`,
      minutes: 1.5,
      quick: true,
      files: computing,
      threads,
    }),
  ),
  tests({
    name: 'no-webgpu',
    title: 'without a WebGPU adapter',
    minutes: 1,
    quick: true,
    files: () => filesOf(SUITES.webgpu),
    env: NO_WEBGPU,
  }),
  tests({
    name: 'no-data',
    title: 'without ONNX_FORGE_DATA',
    minutes: 0.25,
    quick: true,
    files: () => filesOf(SUITES.data),
    env: { ONNX_FORGE_DATA: undefined },
  }),
  tests({
    name: 'nets',
    title: 'random networks over free sizes, 2,000 of them',
    minutes: 3,
    oneCore: true,
    files: () => filesOf(['export/free-sizes']),
    env: { ONNX_FORGE_NETS: '2000' },
  }),
  {
    name: 'runtimes',
    title: "exported graphs under PyPI's onnx.checker and in old onnxruntimes",
    minutes: 2,
    oneCore: true,
    run: runtimes,
  },
  {
    name: 'tensorboard',
    title: "event files under PyPI's TensorBoard and Pillow",
    minutes: 0.5,
    oneCore: true,
    run: tensorBoard,
  },
  tests({
    name: 'slurm',
    title: 'a Slurm of two nodes on this machine',
    minutes: 5,
    oneCore: true,
    files: () => filesOf(['train/launch']),
    env: { ONNX_FORGE_SLURM: '1' },
  }),
  {
    name: 'apps',
    title: 'the hosts of the app suite (`npm run apps`)',
    minutes: 4,
    oneCore: true,
    run: apps,
  },
  ...anywhereRows(),
  ...NODE_VERSIONS.map((node, index) =>
    tests({
      name: `node${majorOf(node)}`,
      title: `the suite on Node ${node}: all that depends on Node, half of what takes long or only computes`,
      minutes: 5.5,
      files: () => filesOfNode(index, NODE_VERSIONS.length),
      node,
    }),
  ),
];

const RUNTIMES = fileURLToPath(new URL('runtimes.js', import.meta.url));

async function runtimes(log: string): Promise<Outcome> {
  const { code, output } = await command([process.execPath, RUNTIMES], { log });
  const reason = /^skipped: (.*)$/m.exec(output)?.[1];
  return reason === undefined ? { status: code === 0 ? 'passed' : 'failed' } : { status: 'skipped', reason };
}

const CACHE = fileURLToPath(new URL('../../../.cache/tensorboard', import.meta.url));

/** The reader that TensorBoard itself has (EventAccumulator). */
async function tensorBoard(log: string): Promise<Outcome> {
  const python = await findPython();
  if ('reason' in python) return { status: 'skipped', reason: python.reason };
  const folder = await install(CACHE, 'tensorboard', ['tensorboard', 'pillow', 'setuptools<81']);
  const row = tests({
    name: 'tensorboard',
    title: '',
    oneCore: true,
    files: () => filesOf(['train/sinks/tensorboard']),
    env: { PYTHONPATH: folder },
  });
  const outcome = await row.run(log);
  // Tests that skip are no proof.
  const skipped = outcome.status === 'passed' && (outcome.counts?.pending ?? 0) > 0;
  return skipped ? { ...outcome, status: 'failed' } : outcome;
}

const APPS = fileURLToPath(new URL('../apps/main.js', import.meta.url));

/** The hosts; what the suite does again and again for memory's sake takes longer than all of these. */
async function apps(log: string): Promise<Outcome> {
  const { code, output } = await command([process.execPath, APPS, ...HOSTS.map(({ name }) => name)], { log });
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
