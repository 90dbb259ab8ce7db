import { readFile } from 'node:fs/promises';
import { commands } from './commands/index.js';
import { createContext } from './context.js';
import { EXIT, exitCodeOf, InterruptedError, isOwn, messageOf, reportOf } from './errors.js';
import { print } from './output/print.js';
import { printable } from './output/printable.js';
import { parseCommandLine } from './program.js';

/**
 * Runs the command line `argv` (without node and the script): the result on stdout, all else on stderr.
 *
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 ended by Ctrl-C
 */
export async function main(argv: string[]): Promise<number> {
  // Read by hand, because they are wanted even when the line can't be parsed.
  const json = argv.includes('--json');
  const verbose = argv.includes('--verbose');
  const context = createContext({ argv, verbose, quiet: argv.includes('--quiet') });
  try {
    // Some terminals say that they have no columns.
    const columns = process.stdout.columns || 100;
    const parsed = await parseCommandLine(argv, commands, { version: await ownVersion(), columns });
    if ('help' in parsed) {
      await print(`${parsed.help}\n`);
      return EXIT.done;
    }
    const {
      text,
      json: object,
      failure,
      exitCode = failure === undefined ? EXIT.done : EXIT.failed,
    } = await parsed.run(context);
    context.progress.end();
    if (failure !== undefined) process.stderr.write(`onnx-forge: ${printable(failure)}\n`);
    if (json) await print(`${JSON.stringify(object)}\n`);
    else if (text !== '') await print(`${printable(text)}\n`);
    return exitCode;
  } catch (thrown) {
    context.progress.end();
    // What fails after Ctrl-C fails because of it.
    const error = thrown instanceof InterruptedError ? thrown : (context.interrupted ?? thrown);
    const more = isOwn(error) || verbose ? '' : ' (unexpected; --verbose shows where)';
    process.stderr.write(`onnx-forge: ${printable(messageOf(error))}${more}\n`);
    if (verbose) process.stderr.write(`code: ${reportOf(error).code}\n${stackOf(thrown)}\n`);
    if (json) await print(`${JSON.stringify({ error: reportOf(error) })}\n`);
    return exitCodeOf(error);
  } finally {
    context.release();
  }
}

async function ownVersion(): Promise<string> {
  const file = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
