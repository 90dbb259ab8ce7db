import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Vite's development server, in a process of its own. */
export class DevServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;

  private constructor(
    readonly url: string,
    child: ChildProcess,
    ended: Promise<string>,
  ) {
    this.#child = child;
    this.#ended = ended;
  }

  static async open(folder: string, bin: string): Promise<DevServer> {
    const child = spawn(process.execPath, [bin, '--host', '127.0.0.1', '--port', '0'], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => (said += text));
    const ended = once(child, 'close').then(() => said);
    const url = new Promise<string>((resolve) => {
      child.stdout.on('data', (text) => {
        said += text;
        const [found] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    const first = await Promise.race([url, ended]);
    if (!first.startsWith('http')) throw new Error(`Vite ended: ${first}`);
    return new DevServer(first, child, ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
