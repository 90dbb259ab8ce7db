import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { csvSink, type LogLine, type MetricSink, type TrainRequest, tensorBoardSink, train } from '@onnx-forge/train';
import { SINK_CHECKS, type SinkSubject } from '@onnx-forge/train/conformance';
import { jsonlSink, type OpenSink } from '@onnx-forge/train/metrics';
import { expect } from 'chai';
import { rejection } from '../rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from '../tiny.js';
import { readCsv, readJsonl, readTensorBoard } from './read-logs.js';

/** A sink of a user's own: all lines in one JSON file, which each flush writes anew. */
function documentSink({ forgets = true } = {}): MetricSink {
  return {
    name: 'document',
    async open({ folder }, mark) {
      const path = join(folder, 'log.json');
      const before = mark === undefined ? [] : await readDocument(folder);
      const lines = forgets && typeof mark === 'number' ? before.slice(0, mark) : before;
      const write = () => writeFile(path, JSON.stringify(lines));
      await write();
      return {
        append: async (line) => void lines.push(line),
        flush: async () => {
          await write();
          return lines.length;
        },
        close: write,
      };
    },
  };
}

async function readDocument(folder: string): Promise<LogLine[]> {
  return JSON.parse(await readFile(join(folder, 'log.json'), 'utf8')) as LogLine[];
}

const SUBJECTS: Readonly<Record<string, Omit<SinkSubject, 'folder'>>> = {
  jsonl: { sink: jsonlSink, read: readJsonl },
  csv: { sink: csvSink, read: readCsv },
  tensorboard: { sink: tensorBoardSink, read: readTensorBoard, lacks: { epoch: true, doublePrecision: true } },
  "a user's own": { sink: documentSink, read: readDocument },
};

describe('sinks', () => {
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    describe(name, () => {
      for (const [what, check] of Object.entries(SINK_CHECKS)) {
        it(what, () => inTemporaryFolder((folder) => check({ ...subject, folder })));
      }
    });
  }

  it('one that keeps what came after a mark fails its checks', async () => {
    const subject = { sink: () => documentSink({ forgets: false }), read: readDocument };
    const failed: string[] = [];
    for (const [what, check] of Object.entries(SINK_CHECKS)) {
      await inTemporaryFolder((folder) => check({ ...subject, folder })).catch(() => failed.push(what));
    }
    expect(failed).to.include.members(['after a kill what came after the mark is dropped']);
  });

  it('one that is added to a resumed run gets the lines so far, and stays', () =>
    inTemporaryFolder(async (out) => {
      const statuses: string[] = [];
      const document = documentSink();
      const told: MetricSink = {
        name: document.name,
        async open(run, mark) {
          const open = await document.open(run, mark);
          const close: OpenSink['close'] = (status) => {
            statuses.push(status);
            return open.close(status);
          };
          return { ...open, close };
        },
      };
      const request = {
        recipe: tinyRecipe,
        data: tinyData(),
        out,
        device: 'cpu',
        engine: 'eager',
        logEvery: 3,
      } as const;
      const go = (more: Partial<TrainRequest>) => train({ ...request, evaluate: false, figures: false, ...more });
      await go({ maxSteps: 4 });
      await go({ maxSteps: 8, resume: true, log: ['csv'], sinks: [told] });
      const lines = await readJsonl(out);
      expect(lines.map(({ step }) => step)).to.deep.equal([3, 4, 6, 8]);
      expect(await readCsv(out)).to.deep.equal(lines);
      expect(await readDocument(out)).to.deep.equal(lines);

      const full: OpenSink['append'] = () => Promise.reject(new Error('no space'));
      const broken: MetricSink = {
        ...told,
        open: async (...about) => ({ ...(await told.open(...about)), append: full }),
      };
      const failure = await go({ maxSteps: 12, resume: true, sinks: [broken] }).catch((error: Error) => error.message);
      expect(failure).to.equal('no space');
      await go({ maxSteps: 12, resume: true, sinks: [told] });
      expect(statuses).to.deep.equal(['finished', 'failed', 'finished']);
      const all = await readJsonl(out);
      expect(all.map(({ kind, step }) => `${kind} ${step}`).slice(4)).to.deep.equal([
        ...['train 9', 'train 10', 'validation 10', 'train 12'],
      ]);
      expect(await readCsv(out)).to.deep.equal(all);
      expect(await readDocument(out)).to.deep.equal(all);
    }));

  for (const [name, sink] of Object.entries({ jsonl: jsonlSink, csv: csvSink, tensorboard: tensorBoardSink })) {
    it(`${name}: a mark of something else is refused`, () =>
      inTemporaryFolder(async (folder) => {
        const run = { folder, settings: {}, step: 1, onNotice: () => {} };
        for (const mark of [null, 7, { bytes: -1 }, { files: [{ name: '../events.out.tfevents.1.x', bytes: 1 }] }]) {
          const error = await rejection(() => sink().open(run, mark));
          expect(error.code).to.equal('checkpoint-invalid');
        }
      }));
  }
});
