import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { chosenParts } from '../parts.js';
import { runChild } from './lane.js';
import { type Finding, keyOf, type TargetCounts } from './session.js';
import { TARGETS } from './targets/index.js';

/** Time that a reader has before the next one's turn, ms; short campaigns reach every reader. */
const turnOf = (milliseconds: number): number => Math.min(200, milliseconds / (2 * Object.keys(TARGETS).length));

/** Changed inputs for every reader of files, texts and requests. */
export const fuzz: Campaign = {
  name: 'fuzz',
  title: 'changed inputs for every reader: typed refusals only, in time and memory, no write outside',

  async run(options) {
    const scratch = await mkdtemp(join(tmpdir(), 'onnx-forge-fuzz-'));
    try {
      return options.again === undefined
        ? await fuzzAll(options, scratch)
        : await readAgain(options, options.again, scratch);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
};

async function fuzzAll(options: CampaignOptions, scratch: string): Promise<CampaignResult> {
  const { milliseconds, seed, processes, inputs, log } = options;
  const names = chosenParts(Object.keys(TARGETS), options.only);
  const totals = new Map<string, TargetCounts>();
  const found = new Map<string, Finding>();
  const undecided: Finding[] = [];
  const end = performance.now() + milliseconds;
  const lane = async (number: number): Promise<void> => {
    // A process that died is followed by another one.
    for (let round = 0; round === 0 || (inputs === undefined && end - performance.now() > 1000); round++) {
      const folder = await mkdtemp(join(scratch, 'lane-'));
      const settings = {
        seed: seed + 1000 * number + round,
        milliseconds: end - performance.now(),
        turn: turnOf(milliseconds),
        folder,
        targets: names,
        ...(inputs !== undefined && { inputs }),
      };
      await runChild(settings, {
        onFinding: (finding) => {
          if (found.has(keyOf(finding))) return;
          found.set(keyOf(finding), finding);
          log(`${finding.target}: ${finding.about}`);
        },
        onUndecided: (finding) => {
          undecided.push(finding);
          log(`${finding.target}: ${finding.about}`);
        },
        onCounts: (counts) => addCounts(totals, counts),
      });
      await rm(folder, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: processes }, (_, number) => lane(number)));
  for (const [name, { inputs, accepted, reasons }] of totals) {
    log(`${name}: ${inputs} inputs, ${accepted} accepted, refused for ${reasons} reasons`);
  }
  const sum = (key: keyof TargetCounts): number =>
    [...totals.values()].reduce((total, counts) => total + counts[key], 0);
  const keepAll = (findings: Iterable<Finding>): Promise<Failure[]> =>
    Promise.all([...findings].map((finding) => keep(options.folder, finding)));
  return {
    counts: {
      readers: names.length,
      inputs: sum('inputs'),
      accepted: sum('accepted'),
      refused: sum('refused'),
      reasons: sum('reasons'),
    },
    failures: await keepAll(found.values()),
    undecided: await keepAll(undecided),
  };
}

function addCounts(totals: Map<string, TargetCounts>, counts: Readonly<Record<string, TargetCounts>>): void {
  for (const [name, { inputs, accepted, refused, reasons }] of Object.entries(counts)) {
    const before = totals.get(name) ?? { inputs: 0, accepted: 0, refused: 0, reasons: 0 };
    totals.set(name, {
      inputs: before.inputs + inputs,
      accepted: before.accepted + accepted,
      refused: before.refused + refused,
      // Processes find the same reasons.
      reasons: Math.max(before.reasons, reasons),
    });
  }
}

/** The input in a file that is named after its reader. */
async function keep(folder: string, { target, about, input }: Finding): Promise<Failure> {
  const hash = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const again = join(folder, `${target}.${hash}.input`);
  await writeFile(again, input);
  return { about: `${target}: ${about}`, again };
}

async function readAgain({ log }: CampaignOptions, file: string, scratch: string): Promise<CampaignResult> {
  const target = basename(file).split('.')[0]!;
  if (!Object.hasOwn(TARGETS, target))
    throw new Error(`${file} does not begin with the name of a reader: ${Object.keys(TARGETS).join(', ')}`);
  await readFile(file);
  const failures: Failure[] = [];
  const undecided: Failure[] = [];
  const settings = { seed: 1, milliseconds: 0, turn: 0, folder: scratch, targets: [target], input: file };
  await runChild(settings, {
    // As the last of the seeds the input may also be refused.
    onFinding: ({ about }) => {
      if (!about.startsWith('refuses seed') || !/: [a-z-]+: /.test(about)) failures.push({ about, again: file });
      else log(about);
    },
    onUndecided: ({ about }) => undecided.push({ about, again: file }),
    onCounts: () => {},
  });
  return { counts: { inputs: 1 }, failures, undecided };
}
