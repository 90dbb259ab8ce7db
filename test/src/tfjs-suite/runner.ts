import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleSuite } from './bundle.js';
import type { ShardMessage, ShardRequest, SpecResult } from './protocol.js';

export interface SuiteOptions {
  readonly backend: string;
  /** Regular expression on full spec names. */
  readonly grep?: string | undefined;
  /** Child processes side by side. */
  readonly shards?: number;
  /** A child silent for so long is killed and its spec counted as hung; longer than jasmine's own limit of 20 s. */
  readonly silenceMilliseconds?: number;
  readonly kernels?: boolean;
  /** Let the child's console output through. */
  readonly verbose?: boolean;
}

export interface SuiteResult {
  readonly specs: readonly SpecResult[];
  /** Failures of `beforeAll`/`afterAll`, and of a child outside any spec. */
  readonly suiteFailures: readonly { readonly name: string; readonly message: string }[];
}

/** Runs tfjs-core's suite on one backend in child processes; survives native crashes and endless loops. */
export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const bundle = await bundleSuite(options.backend);
  try {
    return await runBundle(bundle, options);
  } finally {
    await rm(bundle, { force: true });
  }
}

/** Runs the specs of any ES module that declares them with jasmine's globals. */
export async function runBundle(bundle: string, options: SuiteOptions): Promise<SuiteResult> {
  const shards = options.shards ?? 1;
  const results = await Promise.all(
    Array.from({ length: shards }, (_, shard) => runShard({ ...options, bundle, shard, shards })),
  );
  return {
    specs: results.flatMap((result) => result.specs),
    suiteFailures: results.flatMap((result) => result.suiteFailures),
  };
}

type ShardOptions = SuiteOptions & { readonly bundle: string; readonly shard: number; readonly shards: number };

/** A child that dies costs the spec it was in; a fresh child goes on with the rest. */
async function runShard(options: ShardOptions): Promise<SuiteResult> {
  const specs: SpecResult[] = [];
  const suiteFailures: { name: string; message: string }[] = [];
  for (;;) {
    const { bundle, backend, shard, shards, grep, kernels = false } = options;
    const skip = specs.map((spec) => spec.name);
    const request: ShardRequest = { bundle, backend, shard, shards, grep, kernels, skip };
    const end = await runChild(request, options, (message) => {
      if (message.kind === 'spec') specs.push(message.result);
      if (message.kind === 'suite') suiteFailures.push({ name: message.name, message: message.message });
    });
    if (end.complete) return { specs, suiteFailures };
    if (end.during === undefined) {
      suiteFailures.push({ name: '(outside any spec)', message: end.reason });
      return { specs, suiteFailures };
    }
    specs.push({ name: end.during, status: 'failed', message: end.reason, milliseconds: 0 });
  }
}

type ChildEnd = { complete: true } | { complete: false; during: string | undefined; reason: string };

function runChild(
  request: ShardRequest,
  { silenceMilliseconds = 60_000, verbose = false }: SuiteOptions,
  onMessage: (message: ShardMessage) => void,
): Promise<ChildEnd> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('child.js', import.meta.url)), [JSON.stringify(request)], {
      stdio: ['ignore', verbose ? 'inherit' : 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    let during: string | undefined;
    let complete = false;
    let hung = false;
    let errors = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
      if (verbose) process.stderr.write(text);
    });
    const watchdog = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, silenceMilliseconds);
    child.on('message', (message: ShardMessage) => {
      watchdog.refresh();
      if (message.kind === 'start') during = message.name;
      if (message.kind === 'spec') during = undefined;
      if (message.kind === 'end') complete = true;
      onMessage(message);
    });
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      if (complete) return resolve({ complete });
      const how = hung
        ? `hung: no progress in ${silenceMilliseconds} ms`
        : `process died (${signal ?? `exit ${code}`})`;
      const lastLines = errors.trim().split('\n').slice(-3).join(' | ');
      resolve({ complete, during, reason: lastLines && !hung ? `${how}: ${lastLines}` : how });
    });
  });
}
