import { once } from 'node:events';
import { basename, resolve } from 'node:path';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { messageOf, UsageError } from '../errors.js';
import { device } from '../options/shared-options.js';
import { count, integer, text } from '../options/values.js';

const LIMITS = 'What a client may ask for:';

export const command: Command = defineCommand({
  details:
    'Answers HTTP requests with trained runs: POST /NAME/sample, /interpolate, /perturb, /log-likelihood, /classify, /embed, ' +
    '/compare, /translate or /generate, as the kind of each run allows. A run is called by the name of its folder, or as ' +
    'given by NAME=RUN; those of a single run are at the root as well. Bodies and answers are JSON; images are lists of ' +
    'numbers, or files in base64, and come as a PNG where a request accepts image/png. GET /openapi.json describes all ' +
    'routes, GET /models the runs; /healthz, /readyz and /metrics (Prometheus) are for machines.\n\n' +
    'Only clients on this machine are served unless --host says otherwise. What is too much is refused with 503 or 429 and ' +
    'Retry-After. SIGTERM or Ctrl-C takes no more requests, finishes those under way and ends with exit code 0.',
  examples: [
    ['serve runs/vae', 'on a free port of this machine'],
    ['serve digits=runs/vae judge=runs/classifier --port 8080', 'several runs by name'],
    ['serve runs/vae --host 0.0.0.0 --allow-host models.example.org --token-file token.txt', 'to other machines'],
  ],
  positionals: {
    run: { type: 'string', array: true, demandOption: true, describe: 'Run folders or URLs: RUN or NAME=RUN' },
  },
  options: {
    port: { ...integer('--port', 'Port'), defaultDescription: 'any that is free' },
    host: { ...text('--host', 'Address to listen on; 0.0.0.0: all of this machine'), defaultDescription: '127.0.0.1' },
    'allow-host': {
      type: 'string',
      array: true,
      describe: "Further names that requests may ask for (a page elsewhere can't make its own name point here)",
    },
    'token-file': text('--token-file', 'File with a token that clients must send: Authorization: Bearer TOKEN'),
    device,
    'max-body': { ...count('--max-body', 'Bytes of a body'), defaultDescription: '1048576', group: LIMITS },
    'max-requests': { ...count('--max-requests', 'Requests under way'), defaultDescription: '64', group: LIMITS },
    'max-per-client': {
      ...count('--max-per-client', 'Requests under way of one address'),
      defaultDescription: '32',
      group: LIMITS,
    },
    'max-examples': {
      ...count('--max-examples', 'Images or texts of a request'),
      defaultDescription: '100',
      group: LIMITS,
    },
  },
  async run(args, { progress, interruptible }): Promise<Outcome> {
    const { startServer } = await import('../../serve/server.js');
    const { run: words, host = '127.0.0.1', port, device, allowHost = [], tokenFile } = args;
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
    const signal = interruptible('finishing the requests under way');
    const server = await startServer({
      ...{ runs: namedRuns(words), port, host, device, token },
      hosts: [host, 'localhost', '127.0.0.1', '[::1]', ...allowHost],
      limits: {
        bodyBytes: args.maxBody,
        requests: args.maxRequests,
        requestsPerClient: args.maxPerClient,
        examples: args.maxExamples,
      },
    });
    progress.line(`serving at ${server.url}`);
    if (!signal.aborted) await once(signal, 'abort');
    await server.close();
    return { text: 'stopped', json: { url: server.url, stopped: true } };
  },
});

/** `NAME=RUN`, or a run by the name of its folder. @throws UsageError for a name that is given twice */
function namedRuns(words: readonly string[]): Readonly<Record<string, string>> {
  const runs = words.map((word): [string, string] => {
    const named = /^([\w.-]+)=(.+)$/.exec(word);
    if (named) return [named[1]!, named[2]!];
    return [basename(/^https?:/.test(word) ? new URL(word).pathname : resolve(word)), word];
  });
  const names = runs.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`two runs are called ${twice}: give one of them a name, NAME=RUN`);
  return Object.fromEntries(runs);
}

/** @throws UsageError */
async function readToken(file: string): Promise<string> {
  const bytes = await readRegularFile(file).catch((error: unknown) => {
    throw new UsageError(`--token-file ${file} can't be read: ${messageOf(error)}`, { file });
  });
  const token = bytes.toString('utf8').trim();
  if (/^\S+$/.test(token)) return token;
  throw new UsageError(`--token-file ${file} must hold one token, without blanks`, { file });
}
