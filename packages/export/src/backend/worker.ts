/** The thread that runs graphs in Node, so that the program's own thread can wait for it: see worker-runner.ts. */
import { workerData } from 'node:worker_threads';
import { DeviceError, GraphError } from '@onnx-forge/infer';
import { Executor } from './executor.js';
import type { Failure, Request, WorkerData } from './worker-runner.js';

const { port, answers, placement } = workerData as WorkerData;
const executor = new Executor(placement);
let last: Promise<void> = Promise.resolve();

function answer(message: object): void {
  port.postMessage(message);
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
}

async function handle(request: Request): Promise<object | undefined> {
  switch (request.what) {
    case 'run':
      await executor.run(request.job);
      return { done: true };
    case 'fetch':
      return { ticket: request.ticket, data: await executor.fetch(request.id) };
    case 'dialect':
      return { ticket: request.ticket, dialect: await executor.dialect() };
    case 'drop':
      executor.drop(request.ids);
      return undefined;
    case 'close':
      await executor.close(request.graph);
      return { done: true };
    case 'end':
      await executor.dispose();
      return { done: true };
  }
}

/** Answers every request, also one that fails: the other thread may be waiting. */
async function take(request: Request): Promise<void> {
  try {
    const given = await handle(request);
    if (given) answer(given);
  } catch (error) {
    const known = error instanceof DeviceError || error instanceof GraphError;
    const message = error instanceof Error ? error.message : String(error);
    const failure: Failure = { message, code: known ? error.code : 'graph-run' };
    answer(request.what === 'fetch' ? { ticket: request.ticket, failure } : { done: true });
  }
  if (request.what === 'end') port.close();
}

port.on('message', (request: Request) => {
  last = last.then(() => take(request));
});
