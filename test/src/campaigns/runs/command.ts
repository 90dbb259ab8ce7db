import { main } from '../../../../packages/train/dist/cli/main.js';
import { fetchFrom } from './fetch-data.js';

/** Runs a scenario's command line in this process; gives its exit code. */
export function runCommand(argv: readonly string[]): Promise<number> {
  return argv[0] === 'fetch' ? fetchFrom(argv[1]!, argv[2]!) : main([...argv]);
}
