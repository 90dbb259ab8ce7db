import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { App } from './row.js';
import type { Outcome, Settings } from './scenario.js';
import { sizesOf } from './sizes.js';

export interface CommandApp extends Pick<App, 'name' | 'title' | 'quick' | 'refused'> {
  readonly settings?: Partial<Settings>;
  /** Folders of `test/apps`. */
  readonly sources?: readonly string[];
  readonly build?: string;
  readonly built?: string;
  readonly runAt?: string;
  /** A shell command in the app's folder, which finds the settings as JSON in $SETTINGS and prints outcomes, a line of JSON each. */
  readonly command: string;
}

/** An app that is a program on this machine. */
export function commandApp(app: CommandApp): App {
  const { name, title, quick, refused, sources = [], build, built, runAt, command } = app;
  return {
    name,
    title,
    ...(quick !== undefined && { quick }),
    ...(refused && { refused }),
    settings: { run: 'runs/vae', devices: ['cpu'], ...app.settings },
    async prepare(lab, log) {
      const folder = await lab.make(name, sources, runAt);
      if (build) log(await lab.shell(build, name));
      const aborter = new AbortController();
      return {
        ...(built && { sizes: await sizesOf(join(folder, built)) }),
        run: (settings) => outcomesOf(command, folder, settings, aborter.signal, log),
        async [Symbol.asyncDispose]() {
          aborter.abort();
        },
      };
    },
  };
}

async function outcomesOf(
  command: string,
  cwd: string,
  settings: Settings,
  signal: AbortSignal,
  log: (text: string) => void,
): Promise<Outcome[]> {
  // `exec`, and a group of its own: so that what hangs ends with the shell.
  const env = { ...process.env, SETTINGS: JSON.stringify(settings), NO_COLOR: '1' };
  const child = spawn('sh', ['-ec', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void (child.exitCode === null && child.pid && process.kill(-child.pid, 'SIGKILL'));
  signal.addEventListener('abort', kill);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', log);
  const [code, how] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject).on('close', (code, how) => resolve([code, how]));
  });
  const outcomes = [...output.matchAll(/\{"results":.*\}/g)].map(([line]) => JSON.parse(line) as Outcome);
  if (code !== 0 || outcomes.length === 0) {
    log(output);
    throw new Error(`ended with ${how ?? `exit code ${code}`}${outcomes.length > 0 ? ' after its outcome' : ''}`);
  }
  return outcomes;
}
