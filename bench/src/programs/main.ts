import { parseArgs } from 'node:util';
import { tf } from '@onnx-forge/export';
import { thisMachine } from '../machine.js';
import { writeDocument } from '../report/document.js';
import type { RowResult } from '../report/result.js';
import { run } from '../run.js';
import { onnxruntimeVersion } from '../worker/versions.js';
import { programBenchmark } from './benchmark.js';
import { PROGRAMS } from './catalogue.js';
import { programsMarkdown } from './report.js';

const DOCUMENT = new URL('../../../docs/programs.md', import.meta.url);

const USAGE = `npm run programs -- [options]

Times examples/tfjs-programs on the onnx backend, on tfjs cpu and on tfjs wasm, in turn.

  --only NAMES   comma-separated: ${PROGRAMS.map(({ name }) => name).join(', ')}
  --rounds N     default 2; engines that take seconds a step are measured once
  --threads N    of the engines that take threads (compileStep, PyTorch), default 2
  --python PATH  a Python that can import torch, default python3
  --write        put the tables into docs/programs.md, too
  --json         one JSON object on stdout instead of Markdown
  --help`;

const log = (line: string): void => void process.stderr.write(`${line}\n`);

/** 0: measured; 1: a program failed on the onnx backend; 2: usage. */
async function main(): Promise<number> {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '2' },
      threads: { type: 'string', default: '2' },
      python: { type: 'string', default: 'python3' },
      write: flag,
      json: flag,
      help: flag,
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const names = values.only?.split(',') ?? PROGRAMS.map(({ name }) => name);
  const unknown = names.find((name) => !PROGRAMS.some((program) => program.name === name));
  if (unknown !== undefined) throw new UsageError(`--only: there is no program '${unknown}'`);
  const [rounds, threads] = [count('rounds', values.rounds), count('threads', values.threads)];
  const [date, machine] = [new Date().toISOString(), thisMachine()];
  const rows: RowResult[] = [];
  for (const program of PROGRAMS.filter(({ name }) => names.includes(name))) {
    const benchmark = programBenchmark(program, { threads, python: values.python });
    rows.push(...(await run(benchmark, { rounds, onProgress: log })));
  }
  const versions = [`tfjs ${tf.version.tfjs}`, onnxruntimeVersion()];
  const report = { date, machine, versions, rounds, rows };
  const text = programsMarkdown(report);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : text);
  if (values.write && values.only === undefined) await writeDocument(DOCUMENT, text, 'programs');
  return rows.some(({ entries }) => entries[0]?.outcome.status !== 'measured') ? 1 : 0;
}

class UsageError extends Error {}

function count(option: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError(`--${option} must be a positive whole number, not '${text}'`);
}

try {
  process.exitCode = await main();
} catch (error) {
  const { code = '', message, stack } = error as Error & { code?: string };
  const usage = error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS');
  log(usage ? message : (stack ?? message));
  process.exitCode = usage ? 2 : 1;
}
