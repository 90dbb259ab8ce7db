/** A process that runs command lines one after the other, each under a plan for its file operations. Begun with the preload. */

import type { Plan } from '../file-system/plan.js';
import { follow } from '../file-system/preload.js';
import { runCommand } from './command.js';

export interface Order {
  readonly argv: readonly string[];
  readonly plan?: Plan | undefined;
}

export interface Outcome {
  readonly code: number;
  readonly stderr: string;
}

async function execute({ argv, plan }: Order): Promise<Outcome> {
  let stderr = '';
  const { write } = process.stderr;
  process.stderr.write = ((text: string | Uint8Array) => {
    stderr += String(text);
    return true;
  }) as typeof write;
  follow(plan);
  try {
    return { code: await runCommand(argv), stderr };
  } finally {
    follow(undefined);
    process.stderr.write = write;
  }
}

process.on('message', (order: Order) => {
  void execute(order).then((outcome) => process.send?.(outcome));
});
process.send?.('ready');
