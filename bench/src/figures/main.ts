import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { DeviceRequest } from '@onnx-forge/infer';
import { insert } from '../report/document.js';
import { STUDIES } from './catalogue.js';
import { documents, fillInline } from './inline.js';
import { type FigureManifest, readFigures, writeFigures } from './manifest.js';
import { drawPictures } from './pictures.js';
import type { Study } from './study.js';
import { figureTable } from './table.js';
import { collect, type StudyRequest, trainStudy } from './train-study.js';

const USAGE = `npm run figures -- [options]

Trains what the tables of the documents are made from (three seeds each), measures it, and writes docs/figures/*.json and the tables.
Finished runs are not trained again, interrupted ones go on. All of them take most of a day on two idle cores: --only and --hours.
Numbers within sentences (<!-- figure:STUDY:ARM:MEASURE.SPLIT -->) are written, too.

  --only NAMES      studies, comma-separated; --list shows them; STUDY/ARM trains that arm alone (marks/static-elbo)
  --seeds N,N       train these seeds alone: others may be trained elsewhere
  --out FOLDER      of the run folders, default runs/figures
  --data-dir DIR    of the data sets, default ONNX_FORGE_DATA or ./data
  --device NAME     cpu (default), cuda or webgpu
  --threads N       threads of each training, default one per core
  --hours N         begin no training after so many hours
  --collect         train nothing: take the runs that there are
  --list            the studies, and how much of each is there
  --help`;

const ROOT = new URL('../../../', import.meta.url);
const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;
const { values: args } = parseArgs({
  options: {
    ...{
      only: text,
      out: { ...text, default: 'runs/figures' },
      'data-dir': text,
      device: { ...text, default: 'cpu' },
      threads: text,
      hours: text,
      seeds: text,
    },
    ...{ collect: flag, list: flag, help: flag },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);

const names = args.only?.split(',') ?? STUDIES.map(({ name }) => name);
const unknown = names.find((name) => armsOf(name) === undefined);
const hours = args.hours === undefined ? undefined : Number(args.hours);
const seeds = args.seeds?.split(',').map(Number);
const lacking = unknown === undefined ? seedless(seeds ?? []) : undefined;
const threads = args.threads === undefined ? undefined : Number(args.threads);
if (args.help) {
  console.log(USAGE);
} else if (unknown !== undefined) {
  say(`figures: there is no ${noneOf(unknown)}`);
  process.exitCode = 2;
} else if (seeds?.some((seed) => !(Number.isInteger(seed) && seed > 0))) {
  say('figures: --seeds takes whole numbers with commas between, such as 1,2');
  process.exitCode = 2;
} else if (lacking !== undefined) {
  say(`figures: ${lacking.name} has no seed of --seeds ${args.seeds}; it has ${lacking.seeds.join(', ')}`);
  process.exitCode = 2;
} else if (
  (hours !== undefined && !(hours > 0)) ||
  (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
) {
  say('figures: --hours and --threads must be positive numbers');
  process.exitCode = 2;
} else {
  await run();
}

/** The arms that `STUDY` or `STUDY/ARM` names, by study; undefined where there is none. */
function armsOf(name: string): readonly [study: string, arms: readonly string[]] | undefined {
  const [studyName, arm, ...rest] = name.split('/');
  const study = STUDIES.find((one) => one.name === studyName);
  if (!study || rest.length > 0 || (arm !== undefined && !Object.hasOwn(study.arms, arm))) return undefined;
  return [study.name, arm === undefined ? Object.keys(study.arms) : [arm]];
}

/** The first of the named studies that would train nothing of these seeds. */
function seedless(asked: readonly number[]): Study | undefined {
  const named = STUDIES.filter(({ name }) => names.some((one) => armsOf(one)![0] === name));
  return asked.length === 0 ? undefined : named.find((study) => !study.seeds.some((seed) => asked.includes(seed)));
}

function noneOf(name: string): string {
  const study = STUDIES.find((one) => name.startsWith(`${one.name}/`));
  if (study)
    return `arm '${name.slice(study.name.length + 1)}' of ${study.name}; there are ${Object.keys(study.arms).join(', ')}`;
  return `study '${name}'; there are ${STUDIES.map((one) => one.name).join(', ')}`;
}

async function run(): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const late = hours === undefined ? [] : [AbortSignal.timeout(hours * 3_600_000)];
  const request = {
    out: args.out,
    device: args.device as DeviceRequest,
    signal: AbortSignal.any([stop.signal, ...late]),
    say,
    ...(args['data-dir'] !== undefined && { dataDir: args['data-dir'] }),
    ...(threads !== undefined && { threads }),
    ...(seeds && { seeds }),
  };
  for (const study of STUDIES) {
    const arms = new Set(names.flatMap((name) => (armsOf(name)![0] === study.name ? armsOf(name)![1] : [])));
    if (arms.size === 0) continue;
    try {
      await figuresOf(study, [...arms], request);
    } catch (error) {
      // The others may have what they need: other data, say.
      say(`figures: ${study.name}: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  if (!args.list) await writeInline();
  if (request.signal.aborted) say('figures: stopped; the same command goes on');
  if (stop.signal.aborted) process.exitCode = 130;
}

async function figuresOf(study: Study, arms: readonly string[], request: StudyRequest): Promise<void> {
  if (!args.collect && !args.list) await trainStudy(study, request, arms);
  const figures = await collect(study, await readFigures(study), args.out);
  if (args.list) {
    const runs = Object.values(figures.arms).reduce((sum, arm) => sum + arm.runs.length, 0);
    const of = (study.together ? 1 : study.seeds.length) * Object.keys(study.arms).length;
    console.log(`${study.name.padEnd(24)} ${runs} of ${of} runs; ${study.documents.join(', ')}`);
    return;
  }
  await writeFigures(study, figures);
  await drawPictures(study, request, ROOT);
  for (const name of study.documents) {
    const document = fileURLToPath(new URL(name, ROOT));
    const text = insert(await readFile(document, 'utf8'), figureTable(study, figures), `figures:${study.name}`);
    await writeFile(document, text);
  }
}

/** The numbers within sentences, in all documents. */
async function writeInline(): Promise<void> {
  const figures = new Map<string, { study: Study; manifest: FigureManifest }>();
  for (const study of STUDIES) figures.set(study.name, { study, manifest: await readFigures(study) });
  for (const name of await documents(ROOT)) {
    const file = fileURLToPath(new URL(name, ROOT));
    const before = await readFile(file, 'utf8');
    const after = fillInline(before, figures);
    if (after !== before) await writeFile(file, after);
  }
}
