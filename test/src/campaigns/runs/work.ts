/**
 * A process for one command line, which it begins when its parent says so (`go`); the imports, which take most of a short
 * command's time, are done before.
 *
 * node work.js '["train", "vae"]'
 */
import { once } from 'node:events';
import { main } from '../../../../packages/train/dist/cli/main.js';
import { fetchFrom } from './fetch-data.js';

const argv = JSON.parse(process.argv[2]!) as string[];
process.send?.('ready');
if (process.send) await once(process, 'message');
process.exitCode = argv[0] === 'fetch' ? await fetchFrom(argv[1]!, argv[2]!) : await main(argv);
process.disconnect?.();
