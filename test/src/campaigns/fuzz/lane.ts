import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATIENCE, type Patience, watchChild } from '../watch.js';
import type { ChildReport, ChildSettings } from './child.js';
import { CurrentInput } from './current-input.js';
import type { Finding, TargetCounts } from './session.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));

/** Time for one input, or for the beginning, ms: of a hanging process; those that are only slow tell it by themselves. */
const STANDS: Patience = { ...PATIENCE, ran: 60_000 };

interface Listener {
  onFinding(finding: Finding): void;
  /** The input that was read when others kept the process from running. */
  onUndecided(finding: Finding): void;
  onCounts(counts: Readonly<Record<string, TargetCounts>>): void;
}

/**
 * Runs a child to its end. It may write in its own folder only (Node's permission model); when it hangs it is killed, and when
 * it dies, the input that it was reading is a finding.
 */
export async function runChild(settings: ChildSettings, { onFinding, onUndecided, onCounts }: Listener): Promise<void> {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const child = fork(CHILD, [JSON.stringify(settings)], {
    execArgv: [
      permission,
      '--allow-fs-read=*',
      `--allow-fs-write=${settings.folder}/*`,
      '--allow-worker',
      '--allow-addons',
      '--no-warnings',
      '--max-old-space-size=1024',
    ],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  let counts: Readonly<Record<string, TargetCounts>> = {};
  child.on('message', (report: ChildReport) => {
    if (report.type === 'counts') counts = report.counts;
    else onFinding({ target: report.target, about: report.about, input: Buffer.from(report.base64, 'base64') });
  });
  const current = join(settings.folder, 'current');
  const watch = watchChild(child, { progressOf: () => countIn(current), patience: STANDS });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  const standstill = watch.end();
  onCounts(counts);
  if (code === 0) return;
  const last = await readFile(current)
    .then(() => CurrentInput.read(current))
    .catch(() => undefined);
  if (!last)
    throw new Error(`a process ${standstill ?? `ended with ${signal ?? code}`} before its first input: ${said}`);
  const about = standstill ?? `ends the process with ${signal ?? code}: ${lastLine(said)}`;
  const finding = { target: settings.targets[last.target]!, about, input: Uint8Array.from(last.input) };
  if (standstill === 'starved') onUndecided(finding);
  else onFinding(finding);
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => /Error|FATAL|abort/i.test(line));
  return (lines[0] ?? text.trim().split('\n').at(-1) ?? '').slice(0, 300);
}

/** Inputs that were read so far; -1 before the first one. */
function countIn(current: string): number {
  try {
    return CurrentInput.read(current)?.count ?? -1;
  } catch {
    return -1;
  }
}
