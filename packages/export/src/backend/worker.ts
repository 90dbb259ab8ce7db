/** The thread that runs graphs in Node, so that the program's own thread can wait for it: see worker-runner.ts. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { Executor } from './executor.js';
import type { Request } from './worker-runner.js';

const { port, answers } = workerData as { port: MessagePort; answers: Int32Array };
const executor = new Executor();
let last: Promise<void> = Promise.resolve();

function answer(message: object): void {
  port.postMessage(message);
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
}

async function handle(request: Request): Promise<void> {
  switch (request.what) {
    case 'run':
      await executor.run(request.job);
      answer({ done: true });
      break;
    case 'fetch':
      try {
        answer({ ticket: request.ticket, data: executor.fetch(request.id) });
      } catch (error) {
        answer({ ticket: request.ticket, failure: error instanceof Error ? error.message : String(error) });
      }
      break;
    case 'drop':
      executor.drop(request.ids);
      break;
    case 'close':
      await executor.close(request.graph);
  }
}

port.on('message', (request: Request) => {
  last = last.then(() => handle(request));
});
