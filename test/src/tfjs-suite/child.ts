/** Runs one shard of the bundled suite in its own process and reports spec by spec over the IPC channel. */
import { pathToFileURL } from 'node:url';
import { bootJasmine, type Runnable } from './jasmine.js';
import { type Core, KernelLog } from './kernels.js';
import type { ShardMessage, ShardRequest } from './protocol.js';

const request = JSON.parse(process.argv[2]!) as ShardRequest;
const send = (message: ShardMessage): boolean => process.send!(message);

const jasmine = bootJasmine();
const { core } = (await import(pathToFileURL(request.bundle).href)) as { core?: Core };
const kernelLog = core && request.kernels ? new KernelLog(core, request.backend) : undefined;

const nameOf = uniqueNames(jasmine.topSuite());
const selected = selectSpecs();
jasmine.configure({ random: false, specFilter: (spec) => selected.has(spec.id) });

jasmine.addReporter({
  specStarted({ id }) {
    if (!selected.has(id)) return;
    kernelLog?.take();
    send({ kind: 'start', name: nameOf.get(id)! });
  },
  specDone({ id, status, duration, failedExpectations: [failure] }) {
    if (!selected.has(id)) return;
    send({
      kind: 'spec',
      result: {
        name: nameOf.get(id)!,
        status: status === 'passed' || status === 'pending' ? status : 'failed',
        ...(failure && { message: failure.message, ...(failure.stack && { stack: failure.stack }) }),
        milliseconds: duration ?? 0,
        ...(kernelLog && { kernels: kernelLog.take() }),
      },
    });
  },
  suiteDone: reportSuite,
  jasmineDone(result) {
    reportSuite(result);
    send({ kind: 'end' });
    process.disconnect();
    process.exit(0);
  },
});
jasmine.execute();

/** `beforeAll` and `afterAll` fail on the suite, not on a spec. */
function reportSuite(result: { fullName?: string; failedExpectations: readonly { message: string }[] }): void {
  for (const { message } of result.failedExpectations) {
    send({ kind: 'suite', name: withoutEnvironment(result.fullName ?? '(whole run)'), message });
  }
}

/** `abs onnx {} basic` is called `abs basic`, whatever the backend; the second spec of a name gets ` #2`. */
function uniqueNames(top: Runnable): Map<string, string> {
  const names = new Map<string, string>();
  const count = new Map<string, number>();
  for (const spec of specsOf(top)) {
    const name = withoutEnvironment(spec.getFullName());
    const nth = (count.get(name) ?? 0) + 1;
    count.set(name, nth);
    names.set(spec.id, nth === 1 ? name : `${name} #${nth}`);
  }
  return names;
}

function withoutEnvironment(name: string): string {
  return name.replaceAll(` ${request.backend} {}`, '');
}

/** Whole top-level suites are dealt out to the shards, so that each runs its `beforeAll` once. */
function selectSpecs(): Set<string> {
  const grep = new RegExp(request.grep ?? '');
  const skip = new Set(request.skip);
  const suites = jasmine.topSuite().children!.filter((_, index) => index % request.shards === request.shard);
  const wanted = ({ id }: Runnable) => grep.test(nameOf.get(id)!) && !skip.has(nameOf.get(id)!);
  return new Set(suites.flatMap((suite) => [...specsOf(suite)].filter(wanted).map(({ id }) => id)));
}

function* specsOf(runnable: Runnable): Generator<Runnable> {
  if (!runnable.children) yield runnable;
  for (const child of runnable.children ?? []) yield* specsOf(child);
}
