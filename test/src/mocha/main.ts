/** Runs every test with two jobs; the exit code is mocha's. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { everyFile } from './files.js';

const MOCHA = fileURLToPath(import.meta.resolve('mocha/lib/cli/cli.js'));
const REPORTER = fileURLToPath(new URL('slowest-files.js', import.meta.url));
const words = ['--enable-source-maps', MOCHA, '--parallel', '--jobs', '2', '--reporter', REPORTER, ...everyFile()];
const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' });
process.exitCode = status ?? 1;
