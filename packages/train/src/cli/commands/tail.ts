import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogLine } from '../../metrics/log.js';
import { LogFollower } from '../../metrics/log-follower.js';
import { RunFolder } from '../../run/folder.js';
import { isLocked } from '../../run/lock.js';
import { type RunStatus, runStanding } from '../../run/status.js';
import { type Command, type CommandContext, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { count } from '../options/values.js';
import { formatNumber } from '../output/format.js';

/** Between two looks at the log, in ms. */
const INTERVAL = 500;

export const command: Command = defineCommand({
  details:
    'Prints the last lines of metrics.jsonl as text: iteration, epoch, then means over the iterations since the line before (train) or over ' +
    'the validation split. With --follow the lines that come are printed, too, until the training has ended. A resumed training takes lines ' +
    'back that belong to iterations after its checkpoint: that is said, and those that are written again follow.',
  examples: [
    ['tail runs/vae', 'the last ten lines'],
    ['tail runs/vae --follow', 'and those that come, until the training has ended'],
    ['tail runs/vae --lines 1000 --json', 'for a program'],
  ],
  positionals: { run: { type: 'string', demandOption: true, describe: 'Run folder' } },
  options: {
    follow: { type: 'boolean', alias: 'f', describe: 'Go on with the lines that come, until the training has ended' },
    lines: { ...count('--lines', 'How many lines to begin with'), alias: 'n', default: 10 },
  },
  async run({ run, follow = false, lines: most }, context): Promise<Outcome> {
    if (follow && context.argv.includes('--json')) {
      throw new UsageError('--follow prints lines as they come and --json one object: give one of them');
    }
    const folder = new RunFolder(run);
    await requireLog(folder);
    const log = new LogFollower(folder.file('log'));
    let { state, status } = await runStanding(folder);
    const { lines } = await log.read();
    const shown = lines.slice(-most);
    if (!follow) {
      const text = shown.length === 0 ? 'nothing is logged yet' : [HEAD, ...shown.map(describe)].join('\n');
      return { text, json: { run, state, lines: shown } };
    }
    let goesOn = await context.print([HEAD, ...shown.map(describe)].join('\n'));
    while (state === 'running' && goesOn) {
      await pause(INTERVAL);
      // The state first: all that a training wrote before it ended is there then.
      ({ state, status } = await runStanding(folder));
      goesOn = await printNew(log, run, context);
    }
    const last = state === 'running' ? '' : `${run}: ${state}${reasonOf(status)}`;
    if (last) context.progress.line(last);
    return { text: '', json: { run, state } };
  },
});

/** Whether the output still has a reader. */
async function printNew(log: LogFollower, run: string, { print, progress }: CommandContext): Promise<boolean> {
  const { lines, cutTo } = await log.read();
  if (cutTo !== undefined)
    progress.notice(`${run}: the log was cut back to iteration ${cutTo}; what follows is done again`);
  return lines.length === 0 || print(lines.map(describe).join('\n'));
}

function reasonOf(status: RunStatus | undefined): string {
  return status?.error ? ` (${status.error.message})` : '';
}

/** @throws UsageError unless there is a log, or a training that will write one */
async function requireLog(folder: RunFolder): Promise<void> {
  const file = folder.file('log');
  if (
    await stat(file).then(
      (entry) => entry.isFile(),
      () => false,
    )
  )
    return;
  if (await isLocked(folder.path)) return;
  throw new UsageError(`${folder.path} is no run: there is no ${file}`, { path: folder.path });
}

const HEAD = 'iteration    epoch  of          metrics';

function describe({ step, epoch, kind, metrics }: LogLine): string {
  const values = Object.entries(metrics).map(([name, value]) => `${name} ${formatNumber(value).padStart(9)}`);
  return `${`${step}`.padStart(9)}  ${epoch.toFixed(2).padStart(7)}  ${kind.padEnd(10)}  ${values.join('  ')}`;
}
