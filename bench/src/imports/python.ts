import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The lines of JSON that a Python script prints, as they come. @throws Error with Python's own last words */
export async function* pythonLines(
  python: string,
  script: string,
  args: readonly string[],
): AsyncGenerator<Record<string, unknown>> {
  // More threads cost more than they bring for nets as small as these.
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const child = spawn(python, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  ended.catch(() => {});
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{')) yield JSON.parse(line) as Record<string, unknown>;
    }
    const code = await ended;
    if (code !== 0) throw new Error(said.trim().split('\n').at(-1) || `${script} ended with exit code ${code}`);
  } finally {
    child.kill();
  }
}
