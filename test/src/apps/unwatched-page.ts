import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, CDPSession } from 'playwright-core';

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Evaluation {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

/**
 * A page that Playwright does not know of. Of those that it knows it records the traffic, for which Chromium keeps the
 * body of every response in the page's own process, 120 MB of them: that would pass for memory of the page's scripts.
 */
export class UnwatchedPage {
  readonly #browser: CDPSession;
  readonly #sessionId: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #sent = 0;

  private constructor(browser: CDPSession, sessionId: string) {
    this.#browser = browser;
    this.#sessionId = sessionId;
    browser.on('Target.receivedMessageFromTarget', (event) => {
      if (event.sessionId !== sessionId) return;
      const answer = JSON.parse(event.message) as Answer;
      this.#waiting.get(answer.id ?? 0)?.(answer);
      this.#waiting.delete(answer.id ?? 0);
    });
  }

  /** Resolves when the page's scripts have made the global variable. */
  static async open(browser: Browser, url: string, variable: string): Promise<UnwatchedPage> {
    const session = await browser.newBrowserCDPSession();
    const { targetId } = await session.send('Target.createTarget', { url });
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    const page = new UnwatchedPage(session, sessionId);
    for (const end = Date.now() + 100_000; Date.now() < end; await pause(50)) {
      if (await page.evaluate(`'${variable}' in globalThis`)) return page;
    }
    throw new Error(`after 100 seconds ${url} has no '${variable}'`);
  }

  /** The value of a JavaScript expression, awaited. @throws Error with what it throws */
  async evaluate(expression: string): Promise<unknown> {
    const how = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails: failure } = (await this.send('Runtime.evaluate', how)) as Evaluation;
    if (failure) throw new Error(failure.exception?.description ?? failure.text);
    return result.value;
  }

  /** A command of the DevTools protocol. */
  async send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#sent;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await this.#browser.send('Target.sendMessageToTarget', { message, sessionId: this.#sessionId });
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }
}
