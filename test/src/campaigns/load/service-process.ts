import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { residentBytes } from '../resident.js';

const MAIN = fileURLToPath(new URL('../../../../examples/service/dist/main.js', import.meta.url));
const RUN = fileURLToPath(new URL('../../../../models/pretrained/vae-2d', import.meta.url));

/** The example service as its users start it. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly port: number;
  /** The end of what it has printed to stderr: it says there what went wrong inside. */
  stderr = '';

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-10_000);
    });
  }

  static async start(): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, RUN, PORT: '0', HOST: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    return new ServiceProcess(child, Number(/:(\d+)\s*$/.exec(line.toString())![1]));
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** On Linux; 0 elsewhere. */
  residentBytes(): number {
    return residentBytes(this.#child.pid!);
  }

  /** Ends it as a supervisor does. @returns its exit code; null: it did not end in time and was killed */
  async end(): Promise<number | null> {
    if (!this.hasEnded) {
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
      await once(this.#child, 'exit');
      clearTimeout(timer);
    }
    return this.#child.exitCode;
  }
}
