import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { thisMachine } from '../machine.js';
import { writeDocument } from '../report/document.js';
import { onnxruntimeVersion } from '../worker/versions.js';
import { faultsOf } from './net.js';
import { examineNets } from './nets.js';
import { nodeTestsMarkdown, wrongOnes } from './node-report.js';
import { examineNodeTests } from './node-tests.js';
import { netsMarkdown } from './report.js';
import { stepsMarkdown, timeSteps } from './steps.js';

const DOCUMENT = new URL('../../../docs/imports.md', import.meta.url);
const NEEDS = {
  nets: ['torch', 'torchvision', 'onnx', 'onnxscript'],
  others: ['torch', 'keras', 'sklearn', 'skl2onnx', 'tensorflow', 'tf2onnx', 'onnx'],
  nodes: ['onnx'],
  steps: ['torch', 'torchvision', 'onnx'],
} as const;

const USAGE = `npm run imports -- [nets|others|nodes|steps] [options]

Imports ONNX files that others made and compares them: thirty nets that PyTorch exports, those of scikit-learn and Keras, ONNX's own tests of
its operators, and the time of training steps beside PyTorch's. Without a word before the options, all. Needs Python with
${NEEDS.nets.join(', ')}, and for others ${NEEDS.others.join(', ')}; a part that lacks them is skipped.

  --python PATH   the interpreter (default: python3)
  --only NAMES    nets, or operators, separated by commas
  --seeds N       how often each net is made, with other weights (default: 3)
  --write         put the tables into docs/imports.md, too
  --help`;

type Part = keyof typeof NEEDS;

/** Why a part can't run here; undefined: it can. */
async function reasonAgainst(part: Part, python: string): Promise<string | undefined> {
  try {
    await promisify(execFile)(python, ['-c', `import ${NEEDS[part].join(', ')}`]);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `there is no '${python}'`;
    const { stderr, message } = error as { stderr?: string; message: string };
    const last = (stderr?.trim() || message).split('\n').at(-1);
    return `'${python}' says ${last}: pip install ${NEEDS[part].join(' ')}, or --python PATH of one that has them`;
  }
}

const flag = { type: 'boolean', default: false } as const;

/** 0: all well, or skipped; 1: a net or operator is wrong; 2: usage. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      python: { type: 'string', default: 'python3' },
      only: { type: 'string' },
      seeds: { type: 'string', default: '3' },
      write: flag,
      help: flag,
    },
  });
  const { python, only: names, seeds: count, write, help } = values;
  const seeds = Number(count);
  const unknown = positionals.find((word) => !Object.hasOwn(NEEDS, word));
  const isUsage = unknown !== undefined || !(Number.isSafeInteger(seeds) && seeds >= 1);
  if (help || isUsage) {
    (isUsage ? process.stderr : process.stdout).write(`${USAGE}\n`);
    return isUsage ? 2 : 0;
  }
  const only = names?.split(',') ?? [];
  const parts = (positionals.length > 0 ? positionals : Object.keys(NEEDS)) as Part[];
  const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-imports-'));
  let faults = 0;
  try {
    for (const part of parts) {
      const reason = await reasonAgainst(part, python);
      if (reason !== undefined) {
        process.stdout.write(`${part}: skipped: ${reason}\n`);
        continue;
      }
      const { text, faulty } = await run(part, { python, folder, only, seeds });
      process.stdout.write(`${text}\n`);
      if (write && only.length === 0) await writeDocument(DOCUMENT, text, part);
      faults += faulty;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return faults > 0 ? 1 : 0;
}

interface RunOptions {
  readonly python: string;
  readonly folder: string;
  readonly only: readonly string[];
  readonly seeds: number;
}

async function run(part: Part, options: RunOptions): Promise<{ text: string; faulty: number }> {
  const [date, machine] = [new Date().toISOString(), thisMachine()];
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  if (part === 'nets' || part === 'others') {
    const { versions, results } = await examineNets(part, {
      ...options,
      onResult: ({ net, exporter }, seed, faults) =>
        tell(`${net} (${exporter}, seed ${seed}): ${faults.join('; ') || 'right'}`),
    });
    const facts = { date, machine, versions: [...versions, onnxruntimeVersion()] };
    const text = netsMarkdown(facts, results, options.seeds);
    return { text, faulty: results.filter((result) => faultsOf(result).length > 0).length };
  }
  if (part === 'steps') {
    const all = await timeSteps(options, ({ net, losses }) => tell(`${net}: first losses ${losses.join(' and ')}`));
    const versions = [...new Set(all.flatMap((each) => each.versions)), onnxruntimeVersion()];
    return { text: stepsMarkdown({ date, machine, versions }, all), faulty: 0 };
  }
  const { versions, results } = await examineNodeTests(options);
  const wrong = wrongOnes(results);
  for (const { name, outcome } of wrong)
    tell(`${name}: ${outcome.status}: ${'reason' in outcome ? outcome.reason : ''}`);
  return { text: nodeTestsMarkdown({ date, machine, versions }, results), faulty: wrong.length };
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = ((error as { code?: string }).code ?? '').startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`${usage ? (error as Error).message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = usage ? 2 : 1;
}
