import { main } from '../../../../packages/train/dist/cli/main.js';

/**
 * Runs command lines one after the other in this process, whose folder is theirs, and prints what each came to as JSON.
 *
 *     node commands-child.js '["train vea","eval none"]'
 */
const lines = JSON.parse(process.argv[2]!) as string[];
const own = process.stdout.write.bind(process.stdout);
for (const line of lines) {
  const said = { stdout: '', stderr: '' };
  const giveBack = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name];
    // As `write(text, callback)`, which is how the command line prints.
    process[name].write = ((text: string | Uint8Array, ...rest: unknown[]) => {
      said[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
      const done = rest.find((argument) => typeof argument === 'function');
      if (done) queueMicrotask(done as () => void);
      return true;
    }) as typeof write;
    return () => {
      process[name].write = write;
    };
  });
  const code = await main(line.split(' '));
  for (const undo of giveBack) undo();
  own(`${JSON.stringify({ code, ...said })}\n`);
}
