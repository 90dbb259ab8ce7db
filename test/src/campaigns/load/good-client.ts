import { Agent, type IncomingMessage, request } from 'node:http';

/** The outcome of a request that was sent whole. */
export type Answer =
  | { readonly status: 'answered'; readonly images: readonly (readonly number[])[]; readonly milliseconds: number }
  | { readonly status: 'refused'; readonly code: number }
  /** The machine made no connection in time: the service never had the request. */
  | { readonly status: 'unconnected' }
  /** Too late: the connection ended, or the service waited no longer (408). */
  | { readonly status: 'late'; readonly about: string }
  | { readonly status: 'lost'; readonly about: string };

/** A client that sends one request at a time and waits for its answer. */
export class GoodClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #address: string;

  /** @param address of this machine that the client has; each is a client of its own to the service */
  constructor(port: number, address: string) {
    this.#port = port;
    this.#address = address;
  }

  /** A refusal that says when to come again is an answer; a connection that ends without one is a loss. */
  async sample(count: number, seed: number): Promise<Answer> {
    const begin = performance.now();
    try {
      const { status, text } = await this.#post('/sample', JSON.stringify({ count, seed }));
      if (status === 429 || status === 503) return { status: 'refused', code: status };
      if (status === 408) return { status: 'late', about: 'status 408' };
      if (status !== 200) return { status: 'lost', about: `status ${status}: ${text.slice(0, 200)}` };
      const { images } = JSON.parse(text) as { images: number[][] };
      return { status: 'answered', images, milliseconds: performance.now() - begin };
    } catch (error) {
      const { cause, message } = error as Error;
      if ((cause as NodeJS.ErrnoException).syscall === 'connect') return { status: 'unconnected' };
      return { status: 'late', about: message };
    }
  }

  #post(path: string, body: string): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, localAddress: this.#address, agent: this.#agent };
      const headers = { 'content-type': 'application/json', 'content-length': body.length, host: 'localhost' };
      const sent = request({ ...options, path, method: 'POST', headers }, (answer: IncomingMessage) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on('error', reject);
      });
      sent.on('error', (error) => {
        const how = sent.reusedSocket ? 'on a connection used before' : 'on a new connection';
        reject(new Error(`${error.message} ${how}`, { cause: error }));
      });
      sent.end(body);
    });
  }

  end(): void {
    this.#agent.destroy();
  }
}
