import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, loadManifest, type Manifest, Random, RunFolderError, type TextClassifierModel } from '@onnx-forge/infer';
import textCnn, { classify, convolution, embedding, windowsWithin } from '@onnx-forge/models/text-cnn';
import {
  type DataSet,
  loadDataSet,
  type Network,
  poolOverTime,
  readLog,
  sequential,
  tf,
  train,
  useBackend,
  verifyRun,
} from '@onnx-forge/train';
import { dataFacts, subset, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import fc from 'fast-check';
import { expectClose, type Numbers, reference } from '../train/reference.js';
import { rejection } from '../train/rejects.js';

const init = seededInitializers(new Random(1));

/** Gives a network's weights these values, in order. */
function setWeights(network: Network, ...values: readonly tf.Tensor[]): void {
  for (const [i, { variable }] of network.weights.entries()) variable.assign(values[i]!.reshape(variable.shape));
}

/** Few sentences, so that training takes a blink. */
async function fewSentences(): Promise<DataSet> {
  const { splits, ...set } = await loadDataSet('synthetic-sentences');
  const { train, validation, test } = splits;
  const few = { train: subset(train, 0, 160), validation: subset(validation, 0, 40), test: subset(test, 0, 40) };
  return { ...set, name: 'few-sentences', splits: few };
}

const SMALL = { embeddingDim: 6, filters: 5, maxLength: 30, batchSize: 20, epochs: 4 };

describe('text-cnn', () => {
  before(() => useBackend('cpu'));

  it('one-dimensional convolution: the sums of the definition, and their shapes', () => {
    // Y[n,f] = b[f] + sum over c of X[n,c] * W[f,c]: X [N, C, H], W [F, C, H'], Y [N, F, H - H' + 1], pooled [N, F].
    for (const [N, C, H, F, width] of [
      [2, 3, 9, 4, 5],
      [1, 1, 5, 2, 5],
      [3, 2, 8, 1, 1],
    ] as const) {
      const network = convolution(F, C, width, init);
      const [kernel, bias] = [tf.randomNormal([width, C, F], 0, 1, 'float32', 1), tf.randomNormal([F])];
      setWeights(network, kernel, bias);
      const x = tf.randomNormal([N, C, H], 0, 1, 'float32', 2);
      const y = network.apply(x.transpose([0, 2, 1])).transpose([0, 2, 1]);
      expect(y.shape).to.deep.equal([N, F, H - width + 1]);
      const [X, W, b] = [
        x.arraySync() as number[][][],
        kernel.arraySync() as number[][][],
        bias.arraySync() as number[],
      ];
      const naive = Array.from({ length: N }, (_, n) =>
        Array.from({ length: F }, (_, f) =>
          Array.from({ length: H - width + 1 }, (_, at) => {
            let sum = b[f]!;
            for (let c = 0; c < C; c++) for (let i = 0; i < width; i++) sum += X[n]![c]![at + i]! * W[i]![c]![f]!;
            return sum;
          }),
        ),
      );
      expectClose(y, naive);
      const all = tf.ones([N, H - width + 1]);
      expectClose(
        poolOverTime(y.transpose([0, 2, 1]), all, 'max'),
        naive.map((row) => row.map((of) => Math.max(...of))),
      );
      const mean = (of: number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
      const average = poolOverTime(y.transpose([0, 2, 1]), all, 'average');
      expect(average.shape).to.deep.equal([N, F]);
      expectClose(
        average,
        naive.map((row) => row.map(mean)),
      );
    }
  });

  it('pooling and ReLU may change places for the maximum, not for the average', () => {
    const values = tf.tensor3d([
      [
        [1, -3],
        [-2, -1],
        [4, -2],
      ],
    ]); // [1, 3 positions, 2 channels]
    const all = tf.ones([1, 3]);
    const orders = (pooling: 'max' | 'average') => [
      poolOverTime(values, all, pooling).relu().arraySync(),
      poolOverTime(values.relu(), all, pooling).arraySync(),
    ];
    expect(orders('max')).to.deep.equal([[[4, 0]], [[4, 0]]]);
    const [before, after] = orders('average');
    expectClose(before as Numbers, [[1, 0]]);
    expectClose(after as Numbers, [[5 / 3, 0]]);
  });

  it('pools over what is inside only, whatever is outside', () => {
    const values = tf.tensor3d([
      [[1], [2], [1e6], [-1e6]],
      [[-5], [1e6], [1e6], [1e6]],
    ]);
    const inside = tf.tensor2d([
      [1, 1, 0, 0],
      [1, 0, 0, 0],
    ]);
    expect(poolOverTime(values, inside, 'max').arraySync()).to.deep.equal([[2], [-5]]);
    expect(poolOverTime(values, inside, 'average').arraySync()).to.deep.equal([[1.5], [-5]]);
  });

  it('a window counts when all of it lies in the text; a text shorter than the kernel has one', () => {
    const rows = [
      [1, 2, 3, 4, 5],
      [1, 2, 3, 0, 0],
      [1, 2, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ];
    const tokens = tf.tensor2d(
      rows.map((row) => [...row, 0, 0]),
      [4, 7],
      'int32',
    );
    expect(windowsWithin(tokens, 3).arraySync()).to.deep.equal([
      [1, 1, 1, 0, 0],
      [1, 0, 0, 0, 0],
      [1, 0, 0, 0, 0],
      [1, 0, 0, 0, 0],
    ]);
    expect(windowsWithin(tf.tensor2d(rows, [4, 5], 'int32'), 1).arraySync()).to.deep.equal([
      [1, 1, 1, 1, 1],
      [1, 1, 1, 0, 0],
      [1, 1, 0, 0, 0],
      [1, 0, 0, 0, 0],
    ]);
  });

  it('agrees with the independent reference, both ways of pooling', () => {
    const { input, raw, output } = reference('textCnn');
    const nets = {
      embedding: embedding(10, 4, init),
      convolution: convolution(5, 4, 3, init),
      output: sequential([tf.layers.dense({ inputShape: [5], units: 1 })]),
    };
    setWeights(nets.embedding, input('embedding'));
    setWeights(nets.convolution, input('kernel'), input('bias'));
    setWeights(nets.output, input('linear'), input('linearBias'));
    const lengths = raw('lengths') as number[];
    const rows = (raw('tokens') as number[][]).map((row, n) => row.map((id, at) => (at < lengths[n]! ? id : 0)));
    for (const pooling of ['average', 'max'] as const) {
      const logits = classify(nets, tf.tensor2d(rows, undefined, 'int32'), { pooling, kernelSize: 3 });
      expectClose(logits.sigmoid(), output(pooling));
    }
  });

  it('has the data as token ids, whose vocabulary is that of the training sentences', async () => {
    const data = await fewSentences();
    const texts = { train: { text: data.splits.train.texts!.text! }, test: { text: ['an unheard film'] } };
    const splits = {
      ...data.splits,
      train: { ...data.splits.train, texts: texts.train },
      test: { ...data.splits.test, size: 1, texts: texts.test },
    };
    const { vocabularies } = await recipeData(textCnn, { data: { ...data, splits } });
    expect(vocabularies!.tokens).to.include('film').and.to.not.include('unheard');
  });

  it('trains compiled as tfjs itself does: every weight after each of 4 iterations', async () => {
    const options = recipeOptions(textCnn, { set: { embeddingDim: 6, filters: 5, batchSize: 20 } });
    const data = await recipeData(textCnn, { data: await fewSentences(), options });
    const parts = () => ({
      recipe: textCnn,
      nets: textCnn.nets(options, seededInitializers(new Random(1)), dataFacts(data)),
      options,
      random: new Random(2),
    });
    const [one, other] = [parts(), parts()];
    const eager = new EagerEngine(one);
    const compiled = await CompiledEngine.compile(other, { batchSize: 20, device: 'cpu' });
    const batches = new TrainingBatches(data.splits.train, { batchSize: 20, seed: 1 });
    for (let iteration = 0; iteration < 4; iteration++) {
      const { fields } = batches.next();
      const [expected, actual] = [await eager.run('classify', fields), await compiled.run('classify', fields)];
      for (const [name, value] of Object.entries(expected)) expect(actual[name], name).to.be.closeTo(value, 1e-5);
    }
    const [expected, actual] = [await eager.state(), await compiled.state()];
    for (const { name } of networkWeights(one.nets)) {
      expectClose(Array.from(actual[name]!.data), Array.from(expected[name]!.data), 1e-4, 1e-5);
    }
    await eager.dispose();
    await compiled.dispose();
  });

  it('asks for a fold only of data that have folds', async () => {
    const options = { fold: 3, maxLength: 30, minCount: 1 };
    const error = await rejection(async () => recipeData(textCnn, { data: await fewSentences(), options }));
    expect(error.message).to.equal('data set few-sentences has a test split of its own, so there is no fold 3 of it');
  });
});

describe('a trained text-cnn', () => {
  let folder: string;
  let run: string;
  let model: TextClassifierModel;

  before(async () => {
    await useBackend('cpu');
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-text-cnn-'));
    run = join(folder, 'run');
    await train({ recipe: textCnn, out: run, data: await fewSentences(), set: SMALL, device: 'cpu', figures: false });
    model = (await load(run, { device: 'cpu' })) as TextClassifierModel;
  });

  after(async () => {
    await model.dispose();
    await rm(folder, { recursive: true });
  });

  it('computes what tfjs computes', async () => {
    const [{ graph, outputs }] = (await verifyRun({ recipe: textCnn, run })) as [Verification];
    expect(graph).to.equal('classify');
    for (const { absolute } of Object.values(outputs)) expect(absolute).to.be.below(1e-5);
  });

  it('gives a text the same probability alone and padded beside a longer one, also when it is shorter than the kernel', async () => {
    const texts = ['dull', 'not dull', 'the film is not very dull , but the plot of the story turns out good'];
    const together = await model.classify(texts);
    for (const [row, text] of texts.entries()) {
      const alone = await model.classify(text);
      expect(Array.from(alone.probabilities.data)).to.satisfy((values: number[]) =>
        values.every((value, i) => Math.abs(value - together.probabilities.data[2 * row + i]!) < 1e-6),
      );
    }
    const rows = [
      [2, 3, 4],
      [2, 3, 4, 0, 0, 0, 0, 0],
    ];
    const { probabilities } = await model.classifyTokens(rows);
    expect(probabilities.data[0]).to.be.closeTo(probabilities.data[2]!, 1e-6);
  });

  it('gives probabilities of both classes, the label of the larger, and tells unknown words', async () => {
    const { probabilities, labels, confidences, tokens, unknown } = await model.classify([
      "It's a Dull quxx film!",
      'good',
    ]);
    expect(probabilities.dims).to.deep.equal([2, 2]);
    for (const row of [0, 1]) {
      const of = Array.from(probabilities.data.subarray(2 * row, 2 * row + 2));
      expect(of[0]! + of[1]!).to.be.closeTo(1, 1e-6);
      expect([labels[row], confidences[row]]).to.deep.equal([of[1]! > of[0]! ? 1 : 0, Math.max(...of)]);
    }
    expect(tokens[0]).to.deep.equal(['it', "'s", 'a', 'dull', 'quxx', 'film', '!']);
    const known = new Set(model.manifest.vocabularies!.tokens);
    expect(unknown).to.deep.equal(tokens.map((row) => row.filter((token) => !known.has(token))));
    expect(unknown[0]).to.include('quxx').and.to.not.include('film');
  });

  it('gives many texts of all lengths the same answers in any order', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const rows = lengths.map((length) => Array.from({ length }, (_, i) => 2 + ((7 * i + length) % 20)));
        const forth = await model.classifyTokens(rows);
        const back = await model.classifyTokens([...rows].reverse());
        expect(Array.from(forth.labels)).to.deep.equal(Array.from(back.labels).reverse());
        expect(Array.from(forth.confidences)).to.satisfy((values: number[]) =>
          values.every((value, i) => Math.abs(value - back.confidences[rows.length - 1 - i]!) < 1e-6),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('says in one line what is wrong with a text', async () => {
    const message = async (act: () => unknown) => (await rejection(act)).message;
    expect(await message(() => model.classify([]))).to.match(/no text to classify/);
    expect(await message(() => model.classify(['good', ' . ']))).to.match(/text 1 \(' \. '\) holds no word/);
    expect(await message(() => model.classify('qux quux'))).to.match(/no word that is among the \d+ tokens/);
    const long = 'good '.repeat(31);
    expect(await message(() => model.classify(long))).to.match(/has 31 tokens; the model reads at most 30/);
    expect(await message(() => model.classify([3 as unknown as string]))).to.match(/must be a string, not a number/);
    const { size } = new Set(model.manifest.vocabularies!.tokens!);
    for (const id of [size, -1, 1.5]) {
      expect(await message(() => model.classifyTokens([[1], [2, id]]))).to.include(`row 1: there is no token ${id}`);
    }
    expect(await message(() => model.classifyTokens([new Int32Array(31)]))).to.match(/row 0 has 31 tokens/);
    expect(await message(() => model.classifyTokens([]))).to.match(/no row of tokens/);
  });

  it('refuses a vocabulary that does not match the graph', async () => {
    const damaged = async (change: (manifest: Manifest) => object) => {
      const copy = join(folder, 'damaged');
      await cp(run, copy, { recursive: true });
      const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')) as Manifest;
      await writeFile(join(copy, 'manifest.json'), JSON.stringify({ ...manifest, ...change(manifest) }));
      const error = await rejection(() => load(copy, { device: 'cpu' }));
      expect(error).to.be.instanceOf(RunFolderError);
      return error.message;
    };
    const { tokens } = model.manifest.vocabularies!;
    const size = tokens!.length;
    expect(await damaged(() => ({ vocabularies: {} }))).to.match(/no vocabulary 'tokens'/);
    expect(await damaged(() => ({ vocabularies: { tokens: tokens!.slice(1) } }))).to.match(
      new RegExp(`has ${size - 1} tokens, but the graph was made for ${size}`),
    );
    expect(await damaged(() => ({ vocabularies: { tokens: tokens!.with(1, 'x1') } }))).to.match(/no '<unk>'/);
    const serve = { ...model.manifest.serve, tokeniser: 'bytes' };
    expect(await damaged(() => ({ serve }))).to.match(/serve\.tokeniser/);
  });

  it('goes on from a checkpoint as if it had never stopped, bit for bit', async () => {
    const parts = join(folder, 'parts');
    const request = { recipe: textCnn, out: parts, data: await fewSentences(), device: 'cpu', figures: false } as const;
    // The cosine schedule would know how long the first part is.
    const set = { ...SMALL, averaging: 0.9, schedule: 'constant' };
    await train({ ...request, set: { ...set, epochs: 2 } });
    await train({ ...request, set, resume: true });
    const whole = join(folder, 'whole');
    await train({ ...request, set, out: whole });
    const [one, two] = [await loadManifest(whole), await loadManifest(parts)];
    expect(two.graphs.classify!.sha256).to.equal(one.graphs.classify!.sha256);
    const validation = async (of: string) =>
      (await readLog(join(of, 'metrics.jsonl'))).filter(({ kind }) => kind === 'validation');
    expect(await validation(parts)).to.deep.equal(await validation(whole));
  });
});

type Verification = Awaited<ReturnType<typeof verifyRun>>[number];
