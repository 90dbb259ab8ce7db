import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { residentBytes } from '../resident.js';
import { PATIENCE, type Pace, paceOfMain, type Standstill, watchChild } from '../watch.js';

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
    const watch = watchChild(child);
    const ended = once(child, 'exit').then(() => undefined);
    const said = await Promise.race([once(child.stdout!, 'data') as Promise<[Buffer]>, ended]);
    const standstill = watch.end();
    if (!said) throw new Error(`the service ${standstill ?? 'ended'} before it listened`);
    const [line] = said;
    return new ServiceProcess(child, Number(/:(\d+)\s*$/.exec(line.toString())![1]));
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** On Linux; 0 elsewhere. */
  residentBytes(): number {
    return residentBytes(this.#child.pid!);
  }

  /** Of the thread that answers. */
  pace(): Pace | undefined {
    return paceOfMain(this.#child.pid!);
  }

  /** Ends it as a supervisor does; one that stands still is killed. */
  async end(): Promise<{ code: number | null; standstill?: Standstill | undefined }> {
    if (this.hasEnded) return { code: this.#child.exitCode };
    this.#child.kill('SIGTERM');
    const watch = watchChild(this.#child, { patience: { ...PATIENCE, ran: 20_000 } });
    await once(this.#child, 'exit');
    return { code: this.#child.exitCode, standstill: watch.end() };
  }
}
