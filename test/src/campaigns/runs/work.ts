/**
 * A process for one command line, which it begins when its parent says so (`go`); the imports, which take most of a short
 * command's time, are done before.
 *
 * node work.js '["train", "vae"]'
 */
import { once } from 'node:events';
import { runCommand } from './command.js';

const argv = JSON.parse(process.argv[2]!) as string[];
process.send?.('ready');
if (process.send) await once(process, 'message');
process.exitCode = await runCommand(argv);
process.disconnect?.();
