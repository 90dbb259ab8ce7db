import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  callsOf,
  INFERENCES,
  openServing,
  percentilesOf,
  type ServingTask,
  selectable,
  TARGETS,
  withVocabularies,
} from '@onnx-forge/bench';
import type { Model } from '@onnx-forge/infer';
import * as infer from '@onnx-forge/infer';
import type { DataSet } from '@onnx-forge/train';
import { expect } from 'chai';

const RUN = fileURLToPath(new URL('../../../models/pretrained/vae-2d', import.meta.url));

describe('bench: what is measured', () => {
  it('offers every kind and every row that a target is about to --only', () => {
    const names = selectable();
    const kinds = ['step', 'likelihood', 'generate', 'translate', 'inference', 'start', 'augmentation', 'browser'];
    expect(names).to.include.members(kinds);
    for (const { row } of TARGETS) {
      const [recipe, kind] = row.split('/');
      // Rows that are measured together are chosen together.
      const together = names.includes(recipe!) && !names.some((name) => name.startsWith(`${recipe}/`));
      const offered = together || names.includes(`${recipe}/${kind}`);
      expect(offered, row).to.equal(true);
    }
  });

  it('fills vocabularies up with tokens that are new, one character each, and leaves larger ones alone', () => {
    const split = { size: 0, fields: {} };
    const data: DataSet = {
      name: 'few words',
      splits: { train: split, validation: split, test: split },
      files: [],
      embedded: true,
      vocabularies: { a: ['x', 'y'], b: ['x', 'y', 'z'], c: ['x'] },
    };
    const { vocabularies } = withVocabularies(data, { a: 500, b: 2 });
    expect(vocabularies!.a!.slice(0, 2)).to.deep.equal(['x', 'y']);
    expect(new Set(vocabularies!.a)).to.have.property('size', 500);
    expect(vocabularies!.a!.every((token) => Array.from(token).length === 1)).to.equal(true);
    expect(vocabularies!.b).to.deep.equal(['x', 'y', 'z']);
    expect(vocabularies!.c).to.deep.equal(['x']);
    expect(() => withVocabularies(data, { d: 3 })).to.throw(TypeError, "'few words' has no vocabulary 'd'");
  });

  it('times decoding, likelihoods and training steps of a run', async () => {
    expect(existsSync(RUN)).to.equal(true);
    const tasks: Record<string, ServingTask> = {
      one: { what: 'decode', images: 1 },
      many: { what: 'decode', images: 4000 },
      likelihood: { what: 'likelihood', images: 2, samples: 10 },
      step: { what: 'step' },
    };
    const serving = await openServing(infer, { location: RUN, device: 'cpu', threads: 1, tasks, budgetMs: 20 });
    try {
      const { values } = await serving.measure();
      expect(Object.keys(values)).to.deep.equal(Object.keys(tasks));
      for (const [id, value] of Object.entries(values)) expect(value, id).to.be.a('number').and.be.above(0);
      expect(values.many).to.be.above(10 * (values.one as number));
    } finally {
      await serving.close();
    }
  });

  it('times single calls of a run: each once as its median, once as its 99th percentile', async () => {
    await using model = await infer.load(RUN, { device: 'cpu', threads: 1 });
    const calls = callsOf(model as Model, [1, 8]);
    expect(Object.keys(calls)).to.have.members(['encode-1', 'decode-1', 'encode-8', 'decode-8']);
    expect(INFERENCES.vae?.methods).to.deep.equal(['encode', 'decode']);
    const { values } = await percentilesOf('vae', calls, { budgetMs: 5 });
    for (const name of Object.keys(calls)) {
      const [middle, late] = ['p50', 'p99'].map((end) => values[`vae/inference/${name}/${end}`] as number);
      expect(middle, name).to.be.above(0);
      expect(late, name).to.be.at.least(middle!);
    }
  });
});
