import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../matrix/run.js';
import { parseArguments, UsageError, usage } from './arguments.js';
import { CAMPAIGNS } from './catalogue.js';
import { type Finished, summaryOf, withRows } from './report.js';

/** Where counts and reproducers stay. */
const FOLDER = join(ROOT, '.cache', 'campaigns');

const document = new URL('../../../docs/reliability.md', import.meta.url);

/** Runs campaigns one after the other. @returns 0, 1 after a failure, 2 for a usage error */
async function main(words: readonly string[]): Promise<number> {
  const { campaigns, minutes, seed, processes, only, again, trials, kills, write, help } = parseArguments(
    words,
    CAMPAIGNS,
  );
  if (help) {
    process.stdout.write(`${usage(CAMPAIGNS)}\n`);
    return 0;
  }
  const finished: Finished[] = [];
  for (const campaign of campaigns) {
    const folder = join(FOLDER, campaign.name);
    await mkdir(folder, { recursive: true });
    const log = (line: string): void => {
      process.stderr.write(`  ${line}\n`);
    };
    const begin = performance.now();
    process.stderr.write(`${campaign.name}, seed ${seed}:\n`);
    const milliseconds = 60_000 * minutes;
    const result = await campaign.run({ milliseconds, seed, folder, processes, only, trials, kills, again, log });
    const done = { name: campaign.name, seed, minutes: (performance.now() - begin) / 60_000, ...result };
    finished.push(done);
    process.stdout.write(summaryOf(done));
  }
  const ran = finished.filter(({ counts }) => !('skipped' in counts));
  if (write && again === undefined) await writeFile(document, withRows(await readFile(document, 'utf8'), ran));
  return finished.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: Error) => {
  const usage = error instanceof UsageError;
  process.stderr.write(`${usage ? error.message : (error.stack ?? error)}\n`);
  return usage ? 2 : 1;
});
