/**
 * A process that feeds inputs to targets and tells its parent what it found.
 *
 * node child.js '{"seed": 1, "milliseconds": 1000, "folder": "DIR", "targets": ["npy"], "input": "FILE"}'
 */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CurrentInput } from './current-input.js';
import { FuzzSession, type TargetCounts } from './session.js';
import { TARGETS } from './targets/index.js';

export interface ChildSettings {
  readonly seed: number;
  readonly milliseconds: number;
  /** A folder of its own. */
  readonly folder: string;
  readonly targets: readonly string[];
  /** Time that a target has before the next one's turn, ms. */
  readonly turn: number;
  /** Inputs for each target, instead of a time. */
  readonly inputs?: number;
  /** Read this file only, once. */
  readonly input?: string;
}

/** Messages of the child. */
export type ChildReport =
  | { readonly type: 'finding'; readonly target: string; readonly about: string; readonly base64: string }
  | { readonly type: 'counts'; readonly counts: Readonly<Record<string, TargetCounts>> };

const { seed, milliseconds, turn, folder, targets: names, inputs, input }: ChildSettings = JSON.parse(process.argv[2]!);
const say = (report: ChildReport): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(report, undefined, {}, () => resolve());
    else resolve();
  });

// A promise that is rejected where nobody waits is the reader's fault: the process ends as Node has it end.
const targets = await Promise.all(
  names.map(async (name) => {
    const scratch = join(folder, name);
    await mkdir(scratch, { recursive: true });
    const target = await TARGETS[name]!(scratch);
    return input === undefined ? target : { ...target, seeds: [...target.seeds, readFileSync(input)] };
  }),
);
using current = new CurrentInput(join(folder, 'current'));
const session = new FuzzSession(targets, {
  seed,
  current,
  onFinding: (finding) => {
    void say({ type: 'finding', ...finding, base64: Buffer.from(finding.input).toString('base64') });
  },
});
await session.readSeeds();
const end = performance.now() + milliseconds;
// A process that is killed later has told its counts.
do {
  if (input === undefined) await (inputs === undefined ? session.round(turn) : session.each(inputs));
  await say({ type: 'counts', counts: session.counts });
} while (input === undefined && inputs === undefined && performance.now() < end);
await Promise.all(targets.map((target) => target.dispose?.()));
process.disconnect?.();
// Nothing of a target's may keep the process.
process.exit(0);
