import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mlflowSink } from '@onnx-forge/example-metric-sinks/mlflow';
import { MlflowClient } from '@onnx-forge/example-metric-sinks/mlflow-client';
import { wandbSink } from '@onnx-forge/example-metric-sinks/wandb';
import { SINK_CHECKS } from '@onnx-forge/train/conformance';
import type { LogLine, SinkRun } from '@onnx-forge/train/metrics';
import { expect } from 'chai';
import { skip } from '../../mocha/skip.js';
import { type FakeMlflow, fakeMlflow } from './fake-mlflow.js';

const EXPERIMENT = 'conformance';
const PYTHON = process.env.PYTHON ?? 'python3';

/** The lines of the one run of a folder that is not deleted. MLflow keeps no epochs. */
async function readLines(url: string, folder: string): Promise<LogLine[]> {
  const client = new MlflowClient(url);
  const runs = await client.runsOf(await client.experiment(EXPERIMENT), 'onnx-forge.folder', folder);
  expect(runs).to.have.length(1);
  const lines = new Map<number, LogLine>();
  for (const { key, value, step, timestamp } of await client.history(runs[0]!)) {
    const [, kind, metric] = /^(train|validation)\/(.*)$/.exec(key) as unknown as [string, LogLine['kind'], string];
    const line = lines.get(timestamp) ?? { kind, step, epoch: 0, metrics: {} };
    lines.set(timestamp, { ...line, metrics: { ...line.metrics, [metric]: value } });
  }
  return [...lines.values()];
}

const inFolder = async (body: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-sink-'));
  await body(folder).finally(() => rm(folder, { recursive: true }));
};

const LINE: LogLine = { kind: 'train', step: 5, epoch: 1, metrics: { 'elbo/loss': 1.5, 'elbo/kl': 0.25 } };

describe('the example sinks', () => {
  describe('mlflow', () => {
    let server: FakeMlflow;
    before(async () => {
      server = await fakeMlflow();
    });
    after(() => server[Symbol.asyncDispose]());

    for (const real of [false, true]) {
      describe(real ? 'against the MLflow that ONNX_FORGE_MLFLOW names' : 'against a server of its calls', () => {
        const url = () => (real ? process.env.ONNX_FORGE_MLFLOW! : server.url);
        before(function () {
          if (real && !process.env.ONNX_FORGE_MLFLOW) skip(this, 'ONNX_FORGE_MLFLOW names no server (mlflow server)');
        });
        for (const [name, check] of Object.entries(SINK_CHECKS)) {
          // MLflow refuses names with quotes and line breaks.
          if (name.startsWith('names and numbers')) continue;
          it(name, () =>
            inFolder((folder) =>
              check({
                sink: () => mlflowSink({ url: url(), experiment: EXPERIMENT }),
                read: () => readLines(url(), folder),
                folder,
                lacks: { epoch: true },
              }),
            ),
          );
        }
      });
    }

    it('sends the settings and how the training ended; an error names the call and the reason', () =>
      inFolder(async (folder) => {
        const settings = {
          ...Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`option${i}`, i])),
          recipe: 'vae',
        };
        const about: SinkRun = { folder, settings, step: 0, onNotice: () => {} };
        const sink = await mlflowSink({ url: server.url, experiment: EXPERIMENT }).open(about);
        await sink.append(LINE);
        await sink.close('interrupted');
        const [, run] = [...server.runs].at(-1)!;
        expect(run.params).to.include({ recipe: 'vae', option0: '0', option119: '119' });
        expect(run.status).to.equal('KILLED');
        expect(run.metrics.map(({ key, value, step }) => [key, value, step])).to.deep.equal([
          ['train/elbo/loss', 1.5, 5],
          ['train/elbo/kl', 0.25, 5],
        ]);
        const other = await mlflowSink({ url: server.url, experiment: EXPERIMENT }).open(about);
        await other.append({ ...LINE, metrics: { 'a"b': 1 } });
        const refused = await other.flush().catch((error: Error) => error.message);
        expect(refused).to.match(/^MLflow runs\/log-batch: 400 .*Invalid value/);
      }));
  });

  describe('wandb', () => {
    /** A package wandb that writes down how it was called, and refuses what W&B refuses: steps that are no whole numbers. */
    const STUB = `
import json, os
def write(*call):
    with open(os.environ["CALLS"], "a") as file: file.write(json.dumps(call) + "\\n")
class Run:
    def log(self, data, step=None):
        assert isinstance(data, dict) and isinstance(step, int)
        write("log", data, step)
    def finish(self, exit_code=None): write("finish", exit_code)
def init(project=None, id=None, resume=None, config=None):
    if project == "none": raise ValueError("no such project")
    write("init", project, id, resume, config)
    return Run()
`;
    before(async function () {
      const there = await promisify(execFile)(PYTHON, ['--version']).then(
        () => true,
        () => false,
      );
      if (!there) skip(this, `${PYTHON} is not here`);
    });

    it('calls the client with lines, settings and the end; a resumed training goes on with the same run', () =>
      inFolder(async (folder) => {
        await writeFile(join(folder, 'wandb.py'), STUB);
        const file = join(folder, 'calls');
        const env = { ...process.env, PYTHONPATH: folder, CALLS: file };
        const about: SinkRun = { folder, settings: { recipe: 'vae', seed: 1 }, step: 0, onNotice: () => {} };
        const sink = wandbSink({ project: 'digits', python: PYTHON, env });
        const first = await sink.open(about);
        await first.append(LINE);
        const mark = await first.flush();
        await first.close('interrupted');
        const second = await sink.open({ ...about, step: 5 }, mark);
        await second.append({ kind: 'validation', step: 10, epoch: 2, metrics: { elbo: -1 } });
        await second.close('finished');
        const calls = (await readFile(file, 'utf8'))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown);
        const begin = ['init', 'digits', mark, 'allow', { folder, recipe: 'vae', seed: 1 }];
        expect(calls).to.deep.equal([
          begin,
          ['log', { 'train/elbo/loss': 1.5, 'train/elbo/kl': 0.25 }, 5],
          ['finish', 1],
          begin,
          ['log', { 'validation/elbo': -1 }, 10],
          ['finish', 0],
        ]);
        const refused = await wandbSink({ project: 'none', python: PYTHON, env })
          .open(about)
          .catch((error: Error) => error.message);
        expect(refused).to.equal("W&B's client ended: ValueError: no such project");
      }));
  });
});
