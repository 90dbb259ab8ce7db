import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, load, openSession, Random, RunFolderError, type TranslatorModel } from '@onnx-forge/infer';
import seq2seq, { attend, decode, encode, type Seq2seq } from '@onnx-forge/models/seq2seq';
import {
  detached,
  gather,
  gruStep,
  SENTENCE_IDS,
  type Served,
  type Split,
  type StepRandom,
  tf,
  tokenCrossEntropy,
  train,
  useBackend,
  wordDropout,
} from '@onnx-forge/train';
import { dataFacts, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine, type EngineState } from '@onnx-forge/train/engine';
import { seededInitializers } from '@onnx-forge/train/layers';
import type { OptionValues } from '@onnx-forge/train/options';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { exportGraph } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { liveModelOf } from '../train/live-model.js';
import { rejection } from '../train/rejects.js';

const UNITS = 16;
const KINDS = ['content', 'position', 'none'] as const;

/** Small networks on the embedded sentences. */
async function small(set: OptionValues = {}) {
  const options = recipeOptions(seq2seq, {
    set: { units: UNITS, batchSize: 8, dropoutRate: 0, wordDropoutRate: 0, ...set },
  });
  const data = await recipeData(seq2seq, { data: 'embedded', options });
  const facts = dataFacts(data);
  const nets = () => seq2seq.nets(options, seededInitializers(new Random(3)), facts) as unknown as Seq2seq;
  return { options, data, facts, nets };
}

/** The first examples of a split as tensors. */
function tensors(split: Split, count: number) {
  const indices = Array.from({ length: count }, (_, i) => i);
  const ids = (field: string) => {
    const values = gather(split, field, indices) as Int32Array;
    return tf.tensor2d(values, [count, values.length / count], 'int32');
  };
  return { source: ids('source'), target: ids('target') };
}

/** Every uniform number is this one. */
function constantRandom(value: number): StepRandom {
  return { normal: () => expect.fail('normal noise'), uniform: (shape) => tf.fill([...shape], value) };
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, within = 1e-5): void {
  expect(actual.length).to.equal(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i], `element ${i}`).to.be.closeTo(expected[i]!, within);
}

describe('gated recurrent unit', () => {
  before(() => useBackend('cpu'));
  const [batch, units] = [3, 5];
  const random = new Random(1);
  const normal = (...shape: number[]) =>
    tf.tensor(random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b))), shape);

  it('is its formula, in float64', () => {
    const [x, h, state] = [normal(batch, 3 * units), normal(batch, 3 * units), normal(batch, units)];
    const [xs, hs, before] = [x, h, state].map((tensor) => tensor.arraySync() as number[][]);
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
    const expected = before!.flatMap((row, i) =>
      row.map((old, unit) => {
        const at = (part: number) => [xs![i]![part * units + unit]!, hs![i]![part * units + unit]!] as const;
        const [reset, update] = [at(0), at(1)].map(([a, b]) => sigmoid(a + b));
        const candidate = Math.tanh(at(2)[0] + reset! * at(2)[1]);
        return (1 - update!) * candidate + update! * old;
      }),
    );
    close(gruStep(x, h, state).dataSync(), expected, 1e-6);
  });

  it("is tf.layers.gru where the two forms agree: the candidate's recurrent matrix diagonal", () => {
    const features = 4;
    const layer = tf.layers.gru({ units, recurrentActivation: 'sigmoid', returnSequences: true });
    const x = normal(batch, 6, features);
    layer.apply(x);
    // tfjs has the update gate first. A diagonal U: U (r h) = r (U h).
    const [kernel, recurrent, bias] = [normal(features, 3 * units), normal(units, 3 * units), normal(3 * units)];
    const [update, reset] = tf.split(recurrent, 3, 1);
    const diagonal = tf.diag(normal(units)) as tf.Tensor2D;
    layer.setWeights([kernel, tf.concat([update!, reset!, diagonal], 1), bias]);
    const expected = layer.apply(x) as tf.Tensor;

    const swapped = (tensor: tf.Tensor, axis: number) => {
      const [z, r, n] = tf.split(tensor, 3, axis);
      return tf.concat([r!, z!, n!], axis);
    };
    const inputs = tf.matMul(x.reshape([-1, features]), swapped(kernel, 1)).add(swapped(bias, 0));
    const projected = tf.unstack(inputs.reshape([batch, 6, 3 * units]), 1);
    let state: tf.Tensor = tf.zeros([batch, units]);
    const states = projected.map((input) => {
      state = gruStep(input, tf.matMul(state, tf.concat([reset!, update!, diagonal], 1)), state);
      return state;
    });
    close(tf.stack(states, 1).dataSync(), expected.dataSync());
  });
});

describe('what training on sentences needs', () => {
  before(() => useBackend('cpu'));

  it('cross-entropy of tokens is the mean over those that are not padding', () => {
    const logits = [
      [1, 2, 3],
      [0, 5, -2],
      [9, 9, 9],
      [4, 0, 0],
    ];
    const labels = [2, 1, 0, 2]; // 0 is padding
    const negativeLogLikelihood = (row: number[], label: number) =>
      Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[label]!;
    const expected = [0, 1, 3].reduce((sum, i) => sum + negativeLogLikelihood(logits[i]!, labels[i]!) / 3, 0);
    const { loss, accuracy } = tokenCrossEntropy(tf.tensor2d(logits), tf.tensor1d(labels, 'int32'), 0);
    expect(loss.dataSync()[0]).to.be.closeTo(expected, 1e-6);
    expect(accuracy.dataSync()[0]).to.be.closeTo(2 / 3, 1e-6);
  });

  it('word dropout hides the part of the words asked for, and never a mark', () => {
    const random = new Random(1);
    const rng: StepRandom = {
      normal: () => expect.fail('normal noise'),
      uniform: (shape) => tf.tensor(random.fillUniform(new Float32Array(shape[0]!)), [...shape]),
    };
    const ids = Int32Array.from({ length: 10_000 }, (_, i) => i % 10);
    const after = wordDropout(tf.tensor1d(ids, 'int32'), 0.2, rng).dataSync();
    const { unknown, end } = SENTENCE_IDS;
    const hidden = Array.from(after.keys()).filter((i) => after[i] !== ids[i]);
    expect(hidden.every((i) => after[i] === unknown && ids[i]! > end)).to.equal(true);
    // 6,000 words: the standard deviation of the part is 0.005.
    expect(hidden.length / 6000).to.be.closeTo(0.2, 0.02);
  });

  it('what is detached is a constant to gradients', () => {
    const gradient = tf.grad((x) => x.mul(detached(() => x.square())).sum())(tf.tensor1d([2, 3]));
    expect([...gradient.dataSync()]).to.deep.equal([4, 9]);
  });
});

describe('seq2seq', () => {
  before(() => useBackend('cpu'));

  for (const kind of KINDS) {
    describe(`${kind} attention`, () => {
      it('a sentence alone and the same with padding behind it are decoded alike', async () => {
        const { data, nets } = await small({ attention: kind });
        const model = nets();
        const { source, target } = tensors(data.splits.test, 6);
        const lengths = source.notEqual(SENTENCE_IDS.padding).toFloat().sum(1).dataSync();
        const shortest = lengths.indexOf(Math.min(...lengths));
        expect(lengths[shortest]).to.be.below(Math.max(...lengths));
        const [padded, alone] = [source.shape[1]!, lengths[shortest]!].map((length) => {
          const given = source.slice([shortest, 0], [1, length]);
          const encoded = encode(model, given);
          const decoded = decode(model, target.slice([shortest, 0], [1, -1]), encoded.state);
          // Scores by position are as many as the longest source has tokens.
          if (kind === 'position' && length < source.shape[1]!) return { encoded, decoded, seen: undefined };
          return { encoded, decoded, seen: attend(model, kind, decoded, encoded) };
        });
        close(padded!.encoded.state.dataSync(), alone!.encoded.state.dataSync(), 1e-6);
        close(padded!.decoded.after.dataSync(), alone!.decoded.after.dataSync(), 1e-6);
        if (alone!.seen) close(padded!.seen!.features.dataSync(), alone!.seen.features.dataSync(), 1e-6);
        if (kind === 'none') return;
        const weights = padded!.seen!.attention!.arraySync() as number[][][];
        for (const row of weights[0]!) {
          expect(row.reduce((sum, value) => sum + value, 0)).to.be.closeTo(1, 1e-5);
          for (const value of row.slice(lengths[shortest])) expect(value).to.equal(0);
        }
      });

      it('the exported graphs, token by token, give the log-probabilities of training', async () => {
        const { options, data, facts, nets } = await small({ attention: kind });
        const model = nets();
        const { graphs } = seq2seq.serves(model as never, options, facts);
        const [encoder, decoder] = await Promise.all(
          ['encode', 'decodeStep'].map((name) => openSession(exportGraph(graphs[name]!).bytes, { device: 'cpu' })),
        );
        const { source, target } = tensors(data.splits.test, 5);
        const encoded = encode(model, source);
        const start = tf.fill([5, 1], SENTENCE_IDS.start, 'int32');
        const told = tf.concat([start, target.slice([0, 0], [5, target.shape[1]! - 1])], 1);
        const decoded = decode(model, told, encoded.state);
        const { features } = attend(model, kind, decoded, encoded);
        const logits = model.output.apply(features.reshape([-1, UNITS])).reshape([5, told.shape[1]!, -1]);
        const expected = tf.unstack(tf.logSoftmax(logits), 1);

        const sourceIds = { type: 'int32', dims: source.shape, data: source.dataSync<'int32'>() } as const;
        const { outputs, state } = await encoder!.run({ source: sourceIds });
        let now = state!;
        for (const [step, token] of tf.unstack(told, 1).entries()) {
          const ids = { type: 'int32', dims: [5], data: token.dataSync<'int32'>() } as const;
          const seen = kind === 'none' ? {} : { source: sourceIds, outputs: outputs! };
          const { logProbs, nextState } = await decoder!.run({ token: ids, state: now, ...seen });
          close(logProbs!.data as Float32Array, expected[step]!.dataSync(), 1e-4);
          now = nextState!;
        }
        await encoder!.dispose();
        await decoder!.dispose();
      });

      it('the graph of whole translations writes what the steps write, whether sentences end or not', async () => {
        const lengths = { target: new Set<number>(), none: new Set<number>() };
        const exported = { target: new Set<string>(), none: new Set<string>() };
        for (const [eos, seed] of [
          ['target', 1],
          ['target', 2],
          ['target', 3],
          ['none', 3],
        ] as const) {
          const { options, data, facts } = await small({ attention: kind, eos });
          const nets = seq2seq.nets(options, seededInitializers(new Random(seed)), facts) as unknown as Seq2seq;
          const [kernel, bias] = nets.output.weights.map(({ variable }) => variable) as [tf.Variable, tf.Variable];
          // An untrained net ends few sentences; this one some.
          kernel.assign(kernel.mul(tf.oneHot(SENTENCE_IDS.end, bias.shape[0]!).mul(3).add(1)));
          const served = seq2seq.serves(nets as never, options, facts) as Served<'translator'>;
          const { beamSearch: _, ...stepwise } = served.graphs;
          const ran: string[] = [];
          const { vocabularies } = data;
          const noted = { exported: exported[eos], onOutputs: (graph: string) => void ran.push(graph) };
          await using whole = await liveModelOf(served, { vocabularies }, noted);
          await using steps = await liveModelOf(
            { ...served, graphs: stepwise },
            { vocabularies },
            { exported: exported[eos] },
          );
          const source = data.splits.test.texts!.source!;
          for (const [batch, beam] of [
            [1, 1],
            [2, 1],
            [13, 1],
            [1, 3],
            [7, 2],
          ] as const) {
            const texts = source.slice(0, batch);
            const expected = await steps.translate(texts, { beam });
            for (const [i, found] of (await whole.translate(texts, { beam })).entries()) {
              const { logProb, attention, ...same } = expected[i]!;
              if (beam === 1) lengths[eos].add(same.tokens.length);
              expect(found).to.deep.include(same);
              expect(found.logProb).to.be.closeTo(logProb, 1e-4);
              expect(found.attention?.dims).to.deep.equal(attention?.dims);
              if (attention) close(found.attention!.data, attention.data);
            }
          }
          expect(ran, 'graphs that ran').to.deep.equal(new Array(5).fill('beamSearch'));
          // One token fewer than whole goes by steps.
          const short = { maxLength: 2, beam: 2 };
          expect(await whole.translate(source[0]!, short)).to.deep.equal(await steps.translate(source[0]!, short));
          bias.assign(tf.fill(bias.shape, Number.NaN));
          await using broken = await liveModelOf(served, { vocabularies }, { exported: exported[eos] });
          const { code, message } = await rejection(() => broken.translate(source[0]!));
          expect(code).to.equal('graph-run');
          expect(message).to.match(/^log p of a translation is NaN/);
        }
        const all = [...lengths.target].sort((one, other) => one - other);
        expect([...lengths.none]).to.deep.equal([9]);
        expect(all.at(-1), `lengths ${all}`).to.equal(10);
        expect(all.length, `lengths ${all}`).to.be.greaterThan(2);
      });

      it('the loss of sentences that are told the right tokens, and of those that are not, is what validation measures', async () => {
        const { options, data, facts, nets } = await small({ attention: kind });
        const model = nets();
        const served = seq2seq.serves(model as never, options, facts);
        await using live = await liveModelOf(served, { vocabularies: data.vocabularies });
        const split: Split = { ...data.splits.test, size: 12 };
        const few = { ...data, splits: { ...data.splits, validation: split } };
        const measured = await served.validation!(live, few, { split: 'validation', seed: 1, options });
        const validation = Object.fromEntries(measured.map(({ name, value }) => [name, value]));
        const loss = (teacherForcing: number, uniform: number) => {
          const given = { ...options, teacherForcing };
          const { loss } = seq2seq.steps.translate!.loss(
            model as never,
            tensors(split, 12),
            constantRandom(uniform),
            given,
          );
          return loss.dataSync()[0]!;
        };
        expect(loss(1, 0)).to.be.closeTo(validation.crossEntropy!, 1e-4);
        expect(loss(0.5, 0.4)).to.be.closeTo(validation.crossEntropy!, 1e-4);
        expect(loss(0.5, 0.6)).to.be.closeTo(validation.crossEntropyAlone!, 1e-4);
        expect(loss(0, 0)).to.be.closeTo(validation.crossEntropyAlone!, 1e-4);
        expect(Math.abs(validation.crossEntropy! - validation.crossEntropyAlone!)).to.be.greaterThan(1e-4);
      });
    });
  }

  it('attention by position does not see the source words; attention by content does', async () => {
    for (const kind of ['position', 'content'] as const) {
      const { data, nets } = await small({ attention: kind });
      const model = nets();
      const { source, target } = tensors(data.splits.test, 1);
      const encoded = encode(model, source);
      const decoded = decode(model, target, encoded.state);
      const weights = (outputs: tf.Tensor) =>
        attend(model, kind, decoded, { ...encoded, outputs }).attention!.dataSync();
      const [one, other] = [weights(encoded.outputs), weights(encoded.outputs.reverse(1))];
      expect(one.some((value, i) => Math.abs(value - other[i]!) > 1e-6)).to.equal(kind === 'content');
    }
  });

  it('both engines train alike, with some sentences told the right tokens, and with dropout', async () => {
    const { options, data, nets } = await small({
      batchSize: 4,
      teacherForcing: 0.5,
      dropoutRate: 0.2,
      wordDropoutRate: 0.2,
    });
    // Gradient descent: Adam divides the noise of float32 by its own size where a word's gradient is nothing else.
    const { translate } = seq2seq.steps;
    const recipe = { ...seq2seq, steps: { translate: { ...translate!, optimizer: () => tf.train.sgd(0.1) } } };
    const parts = { recipe, options };
    const eager = new EagerEngine({ ...parts, nets: nets() as never, random: new Random(2) });
    const compiled = await CompiledEngine.compile(
      { ...parts, nets: nets() as never, random: new Random(2) },
      { batchSize: 4, device: 'cpu' },
    );
    const batches = new TrainingBatches(data.splits.train, { batchSize: 4, seed: 1 });
    for (let step = 0; step < 2; step++) {
      const { fields } = batches.next();
      const [expected, actual] = [await eager.run('translate', fields), await compiled.run('translate', fields)];
      expect(actual.loss).to.be.closeTo(expected.loss!, 1e-4);
    }
    const weights = (state: EngineState) => Object.entries(state).filter(([name]) => !name.includes('optimizer'));
    const after = await compiled.state();
    for (const [name, { data: values }] of weights(await eager.state())) close(after[name]!.data, values, 1e-4);
    await eager.dispose();
    await compiled.dispose();
  });

  it('learns the embedded sentences, and translates', async () => {
    const out = await mkdtemp(join(tmpdir(), 'onnx-forge-seq2seq-'));
    try {
      const set = { units: 48, learningRate: 1e-2, batchSize: 32, dropoutRate: 0, wordDropoutRate: 0 };
      const { metrics, measurements } = await train({
        recipe: seq2seq,
        out,
        set,
        maxSteps: 62,
        device: 'cpu',
        figures: false,
      });
      expect(metrics['translate/loss']).to.be.below(2);
      const found = Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
      expect(found).to.include.keys('bleu', 'bleuBeam5', 'exactMatch', 'lengthRatio', 'attention(<eos>)');
      expect(found.bleu).to.be.within(5, 100);
      await using model = (await load(out, { device: 'cpu' })) as TranslatorModel;
      const text = 'Lo polo granu una canta oku ka ?';
      const one = await model.translate(text);
      expect(one.sourceTokens).to.deep.equal([...text.toLowerCase().split(' '), '<eos>']);
      expect(one.attention!.dims).to.deep.equal([one.tokens.length, 9]);
      expect(one.text).to.equal(one.tokens.filter((token) => token !== '<eos>').join(' '));
      const [again, wide] = [
        ...(await model.translate([text])),
        ...(await model.translate([text, 'la mira auda .'], { beam: 5 })),
      ];
      expect(again!.text).to.equal(one.text);
      expect(again!.logProb).to.be.closeTo(one.logProb, 1e-4);
      expect(wide!.logProb).to.be.at.least(one.logProb - 1e-4);
      await refuses(model);
      await translatesTogether(model, { ...set, units: 32, attention: 'none' });
      await refusesVocabulary(out);
    } finally {
      await rm(out, { recursive: true });
    }
  });
});

/** Greedy search by two runs, straight from their graphs, in float64. */
async function togetherByHand(models: readonly TranslatorModel[], source: Int32Array) {
  const { serve } = models[0]!.manifest;
  const target = models[0]!.manifest.vocabularies!.target!;
  const dims = [1, serve.sourceLength];
  const int32 = (data: Int32Array, dims: number[]) => ({ type: 'int32', dims, data }) as const;
  const states = await Promise.all(models.map((one) => one.run('encode', { source: int32(source, dims) })));
  const tokens: string[] = [];
  let logProb = 0;
  while (tokens.at(-1) !== '<eos>' && tokens.length < serve.maxLength) {
    const token = int32(Int32Array.of(target.indexOf(tokens.at(-1) ?? '<sos>')), [1]);
    const logs: number[][] = [];
    for (const [i, one] of models.entries()) {
      const { outputs, state } = states[i]!;
      const beside = one.manifest.serve.attention ? { source: int32(source, dims), outputs: outputs! } : {};
      const { logProbs, nextState } = await one.run('decodeStep', { token, state: state!, ...beside });
      logs.push(Array.from(logProbs!.data as Float32Array));
      states[i] = { ...states[i]!, state: nextState! };
    }
    const means = logs[0]!.map((_, id) => logs.reduce((sum, values) => sum + values[id]! / models.length, 0));
    const total = Math.log(means.reduce((sum, value) => sum + Math.exp(value), 0));
    const best = means.indexOf(Math.max(...means));
    logProb += means[best]! - total;
    tokens.push(target[best]!);
  }
  return { tokens, logProb };
}

/** A second run of another size, without attention: both together are what the mean of their log-probabilities says. */
async function translatesTogether(model: TranslatorModel, set: OptionValues): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'onnx-forge-seq2seq-'));
  try {
    const end = { maxSteps: 40, device: 'cpu', evaluate: false, figures: false } as const;
    await train({ recipe: seq2seq, out, set, seed: 2, ...end });
    await using other = (await load(out, { device: 'cpu' })) as TranslatorModel;
    let unlike = 0;
    for (const text of ['lo polo granu una canta oku ka ?', 'la mira auda .', 'una canta .']) {
      const together = await model.translate(text, { ensemble: [other] });
      const ids = together.sourceTokens.map((token) => model.manifest.vocabularies!.source!.indexOf(token));
      const source = Int32Array.from({ length: model.manifest.serve.sourceLength }, (_, i) => ids[i] ?? 0);
      const want = await togetherByHand([model, other], source);
      expect(together.tokens).to.deep.equal(want.tokens);
      expect(together.logProb).to.be.closeTo(want.logProb, 1e-4);
      // The one that looks back says where.
      expect(together.attention!.dims).to.deep.equal([together.tokens.length, together.sourceTokens.length]);
      const [alone, twice] = [await model.translate(text), await model.translate(text, { ensemble: [model] })];
      expect(twice.tokens).to.deep.equal(alone.tokens);
      expect(twice.logProb).to.be.closeTo(alone.logProb, 1e-4);
      if (Math.abs(together.logProb - alone.logProb) > 0.01) unlike++;
    }
    expect(unlike).to.equal(3);
    const wrong = await rejection(() => model.translate('la mira', { ensemble: [{}] as never }));
    expect(wrong.message).to.equal('ensemble must have models that translate');
    expect((await rejection(() => model.translate('la mira', { beam: 2, lengthPenalty: -1 }))).message).to.match(
      /^lengthPenalty must be a number of at least 0/,
    );
    await other.dispose();
    await rejection(() => model.translate('la mira', { ensemble: [other] }));
  } finally {
    await rm(out, { recursive: true });
  }
}

/** One clear line each. */
async function refuses(model: TranslatorModel): Promise<void> {
  const cases: readonly (readonly [() => Promise<unknown>, string])[] = [
    [() => model.translate(''), "the text has no words: '' leaves nothing to translate"],
    [() => model.translate(['la mira auda .', ' 12 ']), "text 1 has no words: ' 12 ' leaves nothing to translate"],
    [() => model.translate('xyzzy plugh .'), "the text has no word that this model knows: 'xyzzy plugh .'"],
    [() => model.translate('la '.repeat(10)), 'the text has 10 words and marks; this model reads at most 9'],
    [() => model.translate('la mira', { beam: 0 }), 'beam must be a whole number from 1 to'],
    [() => model.translate('la mira', { maxLength: 11 }), 'maxLength must be a whole number from 1 to 10, not 11'],
  ];
  for (const [call, message] of cases) {
    const error = await call().then(
      () => expect.fail(`no error: ${message}`),
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(InputError);
    expect((error as InputError).message.startsWith(message), (error as InputError).message).to.equal(true);
  }
  expect(model.refusal('la mira')).to.equal(undefined);
  expect(model.refusal('')).to.be.instanceOf(InputError);
}

async function refusesVocabulary(run: string): Promise<void> {
  const file = join(run, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  manifest.vocabularies.target.pop();
  await writeFile(file, JSON.stringify(manifest));
  const error = await load(run, { device: 'cpu' }).then(
    () => expect.fail('loaded'),
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(RunFolderError);
  expect((error as RunFolderError).message).to.match(
    /the manifest's target vocabulary has \d+ tokens, but the graphs were made for \d+$/,
  );
}
