import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, type LanguageModel, load, Random, RunFolderError, type Tensor } from '@onnx-forge/infer';
import transformer from '@onnx-forge/models/transformer';
import {
  characterWindows,
  type DataSet,
  gather,
  loadDataSet,
  readLog,
  type Split,
  TrainError,
  train,
  useBackend,
  verifyRun,
} from '@onnx-forge/train';
import { characterSplit, dataFacts, type SplitName, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine } from '@onnx-forge/train/engine';
import { seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import { realData } from '../train/data/support.js';

const SMALL = { layers: 2, heads: 2, width: 16, blockSize: 32, batchSize: 4, warmupSteps: 0 };

async function refused(kind: typeof InputError | typeof TrainError | typeof RunFolderError, work: () => unknown) {
  try {
    await work();
  } catch (error) {
    expect(error).to.be.instanceOf(kind);
    expect((error as Error).message).to.not.include('\n');
    return (error as Error).message;
  }
  return expect.fail('nothing was thrown');
}

function textData(train: string, heldOut = train): DataSet {
  const splits = { train: characterSplit(train), validation: characterSplit(heldOut), test: characterSplit(heldOut) };
  return { name: 'a text', splits, files: [], embedded: true };
}

/** Entropy of the embedded text's distribution of characters, in nats per character. */
async function unigramEntropy(split: SplitName): Promise<number> {
  const options = recipeOptions(transformer, { set: SMALL });
  const { splits, vocabularies } = await recipeData(transformer, { data: 'embedded', options });
  const all = Array.from({ length: splits[split].size }, (_, index) => index);
  const counts = vocabularies!.characters!.map(() => 0);
  const tokens = gather(splits[split], 'tokens', all);
  for (const token of tokens) counts[token]!++;
  const shares = counts.map((count) => count / tokens.length);
  return shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
}

describe('transformer: data', () => {
  it('windows follow one another and share one character; ids are in the order of code points', () => {
    const { splits, vocabularies } = characterWindows(textData('hello, world'), { blockSize: 3 });
    expect(vocabularies).to.deep.equal({ characters: [' ', ',', 'd', 'e', 'h', 'l', 'o', 'r', 'w'] });
    expect(splits.train.size).to.equal(3);
    const text = Array.from(gather(splits.train, 'tokens', [0, 1, 2]), (id) => vocabularies!.characters![id]).join('');
    expect(text).to.equal('helllo,  wor');
    const fewer = characterWindows(textData('hello, world'), { blockSize: 3, trainingCharacters: 7 });
    expect([fewer.splits.train.size, fewer.splits.test.size]).to.deep.equal([2, 3]);
    expect(fewer.vocabularies).to.deep.equal(vocabularies);
  });

  it('refuses a text shorter than a window, a character that training lacks, and a set that is no text', async () => {
    const prepare = (data: DataSet) => () => characterWindows(data, { blockSize: 3 });
    expect(await refused(TrainError, prepare(textData('abc')))).to.include('3 characters in its train split, too few');
    expect(await refused(TrainError, prepare(textData('abcd', 'abcé')))).to.include('"é" in its validation split');
    const images = { size: 9, fields: {} };
    const noText = { ...textData('abcd'), splits: { train: images, validation: images, test: images } };
    expect(await refused(TrainError, prepare(noText))).to.include("'a text' is no text");
  });

  it('tinyshakespeare is split where nanoGPT splits it', async function () {
    realData(this);
    const data = characterWindows(await loadDataSet('tinyshakespeare'), { blockSize: 64 });
    expect(data.vocabularies!.characters).to.have.length(65);
    // nanoGPT: the first int(0.9 * 1115394) characters train, 111,540 are validation.
    expect(data.splits.validation.size).to.equal(Math.floor((111_540 - 1) / 64));
    const begin = gather(data.splits.validation, 'tokens', [0]);
    const text = Array.from(begin.slice(0, 21), (id) => data.vocabularies!.characters![id]).join('');
    expect(text).to.equal('?\n\nGREMIO:\nGood morro');
  });

  it('how often each character occurs is worth 3.28 nats on 60,000 characters, and 3.36 on the validation text', async function () {
    realData(this);
    const [blockSize, trainingCharacters] = [32, 60_000];
    const { splits } = characterWindows(await loadDataSet('tinyshakespeare'), { blockSize, trainingCharacters });
    const characters = (split: Split) =>
      Array.from({ length: split.size }, (_, window) => [...gather(split, 'tokens', [window])].slice(1)).flat();
    const train = characters(splits.train);
    const counts = new Map<number, number>();
    for (const id of train) counts.set(id, (counts.get(id) ?? 0) + 1);
    // Of a character that does not occur: as if it had once.
    const nats = (ids: number[]) =>
      ids.reduce((sum, id) => sum - Math.log((counts.get(id) ?? 1) / train.length), 0) / ids.length;
    expect(nats(train)).to.be.closeTo(3.28, 0.005);
    expect(nats(characters(splits.validation))).to.be.closeTo(3.36, 0.005);
  });
});

describe('transformer', () => {
  let out: string;
  let model: LanguageModel;

  before(async () => {
    await useBackend('cpu');
    out = await mkdtemp(join(tmpdir(), 'onnx-forge-transformer-'));
    const set = { ...SMALL, learningRate: 1e-2, gradientNorms: true };
    await train({ recipe: transformer, out, set, maxSteps: 80, device: 'cpu', figures: false });
    model = (await load(out, { device: 'cpu' })) as LanguageModel;
  });

  after(async () => {
    await model.dispose();
    await rm(out, { recursive: true });
  });

  it('learns more than how often each character occurs, over every window of the held-out text', async () => {
    const log = await readLog(join(out, 'metrics.jsonl'));
    const before = log.find(({ step, kind }) => step === 0 && kind === 'validation')!;
    expect(before.metrics.crossEntropy).to.be.within(3, 4.5);
    const { metrics } = model.manifest;
    const test = metrics.find(({ name, split }) => name === 'crossEntropy' && split === 'test')!;
    const unigram = await unigramEntropy('test');
    expect(test.value).to.be.within(1, unigram - 0.1);
    expect(test.samples).to.equal(32 * Math.floor(9_999 / 32));
  });

  it('watches the gradient of every layer before training', async () => {
    const { metrics } = (await readLog(join(out, 'metrics.jsonl')))[0]!;
    for (const layer of [0, 1, 2]) {
      expect(metrics[`gradientNorm/${layer}`]).to.be.greaterThan(0);
      expect(metrics[`residualGradientNorm/${layer}`]).to.be.closeTo(metrics['residualGradientNorm/2']!, 1e-6);
    }
    expect(metrics.residualGradientNormRatio).to.be.closeTo(1, 1e-4);
  });

  it('its graphs agree with tfjs, for one token and for five, for batches of one and of five', async () => {
    const verified = await verifyRun({ recipe: transformer, run: out });
    expect(verified.map(({ graph }) => graph)).to.have.members(['forward', 'step', 'generate', 'gradients']);
    for (const { graph, worst } of verified) expect(worst, graph).to.be.lessThan(1e-4);
  });

  it('trains the same compiled as with tfjs itself', async () => {
    await useBackend('cpu');
    const set = { ...SMALL, normalisation: 'post', dropoutRate: 0.1 };
    const options = recipeOptions(transformer, { set });
    const data = await recipeData(transformer, { data: 'embedded', options });
    const parts = () => ({
      recipe: transformer,
      nets: transformer.nets(options, seededInitializers(new Random(1)), dataFacts(data)),
      options,
      random: new Random(2),
    });
    const eager = new EagerEngine(parts());
    const compiled = await CompiledEngine.compile(parts(), { batchSize: 4, device: 'cpu' });
    const batches = new TrainingBatches(data.splits.train, { batchSize: 4, seed: 1 });
    for (let step = 0; step < 4; step++) {
      const { fields } = batches.next();
      const [one, other] = [await eager.run('predict', fields), await compiled.run('predict', fields)];
      expect(other.loss).to.be.closeTo(one.loss!, 1e-4);
    }
    const [expected, actual] = [await eager.state(), await compiled.state()];
    for (const [name, { data: values }] of Object.entries(expected)) {
      // The gradient of a key's bias is zero but for rounding, which Adam blows up.
      if (!name.startsWith('transformer/') || name.endsWith('qkv_bias')) continue;
      const other = actual[name]!.data;
      const difference = Math.hypot(...values.map((value, i) => value - other[i]!));
      expect(difference, name).to.be.lessThan(1e-3 * Math.max(1, Math.hypot(...values)));
    }
    await eager.dispose();
    await compiled.dispose();
  });

  it('log p of a text is the sum over its characters, window by window, whatever comes after', async () => {
    const text = 'ANNE:\nThe old king follows my river, and the storm fears a crown.\n\nQUEEN:\nOur sword';
    const { values, mean } = await model.logProb(text);
    expect(values).to.have.length(text.length - 1);
    expect(mean).to.be.closeTo(values.reduce((sum, value) => sum + value, 0) / values.length, 1e-12);
    const cut = await model.logProb(text.slice(0, 50));
    for (const [i, value] of cut.values.entries()) expect(value).to.be.closeTo(values[i]!, 1e-5);
    // A window begins anew: its first prediction rests on one character.
    const second = await model.logProb(text.slice(32));
    expect(second.values[0]).to.be.closeTo(values[32]!, 1e-5);
  });

  it('generates with the cache what the whole forward pass would, step by step', async () => {
    const prompt = 'QUEEN:\n';
    const text = await model.generate(prompt, { length: 25, topK: 1 });
    let seen = prompt;
    for (const character of text) {
      const scores = await Promise.all(
        model.manifest.vocabularies!.characters!.map(async (next) => (await model.logProb(seen + next)).values.at(-1)!),
      );
      const chosen = model.manifest.vocabularies!.characters!.indexOf(character);
      expect(scores[chosen]).to.be.closeTo(Math.max(...scores), 1e-4);
      seen += character;
    }
  });

  it('goes on beyond its block size; the same seed gives the same text, as a whole and as a stream', async () => {
    const options = { length: 100, temperature: 0.8, topK: 5, seed: 7 };
    const text = await model.generate('The ', options);
    expect(text).to.have.length(100);
    let streamed = '';
    for await (const character of model.generate.stream('The ', options)) streamed += character;
    expect(streamed).to.equal(text);
    expect(await model.generate('The ', { ...options, seed: 8 })).to.not.equal(text);
    // Of a prompt that is too long the end counts.
    const long = `${'QUEEN:\n'.repeat(20)}The old king follows my silver letter, and`;
    expect(await model.generate(long, options)).to.equal(await model.generate(long.slice(-32), options));
  });

  it('its graph of whole blocks draws what the stepwise graphs and float64 draw, and old runs go without it', async () => {
    const characters = model.manifest.vocabularies!.characters!;
    const random = new Random(3);
    const texts = Array.from({ length: 24 }, (_, i) => ({
      prompt: Array.from({ length: 1 + random.integer(40) }, () => characters[random.integer(characters.length)]).join(
        '',
      ),
      options: {
        length: 1 + random.integer(60),
        seed: i,
        temperature: [1, 0.5, 2][i % 3]!,
        ...(i % 4 > 0 && { topK: 1 + random.integer(characters.length + 2) }),
      },
    }));
    const old = `${out}-old`;
    await cp(out, old, { recursive: true, filter: (path) => !path.endsWith('generate.onnx') });
    const manifest = JSON.parse(await readFile(join(old, 'manifest.json'), 'utf8'));
    delete manifest.graphs.generate;
    await writeFile(join(old, 'manifest.json'), JSON.stringify(manifest));
    const before = (await load(old, { device: 'cpu' })) as LanguageModel;
    for (const { prompt, options } of texts) {
      const text = await model.generate(prompt, options);
      expect(text).to.have.length(options.length);
      expect(await before.generate(prompt, options), `seed ${options.seed}`).to.equal(text);
      let streamed = '';
      for await (const character of model.generate.stream(prompt, options)) streamed += character;
      expect(streamed, `seed ${options.seed}`).to.equal(text);
    }
    await before.dispose();
    await rm(old, { recursive: true });
    // The last of a block: drawn from the logits of `forward` for those before it, by float64.
    const seen = Int32Array.from({ length: 31 }, (_, i) => (i * i) % characters.length);
    const uniforms = Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? 0.37 : 0.81));
    const scalar = (type: 'int32' | 'float32', value: number): Tensor => {
      return { type, dims: [], data: type === 'int32' ? Int32Array.of(value) : Float32Array.of(value) } as Tensor;
    };
    const { continuation } = await model.run('generate', {
      tokens: { type: 'int32', dims: [1, 31], data: seen },
      uniforms: { type: 'float32', dims: [1, 32], data: uniforms },
      steps: scalar('int32', 2),
      temperature: scalar('float32', 0.7),
      topK: scalar('int32', 6),
    });
    const drawn = [...(continuation!.data as Int32Array)];
    expect(drawn.slice(2)).to.deep.equal(new Array(30).fill(0));
    for (const [i, u] of [0.37, 0.81].entries()) {
      const tokens = [...seen, ...drawn.slice(0, i)];
      const feeds = { tokens: { type: 'int32', dims: [1, tokens.length], data: Int32Array.from(tokens) } } as const;
      const { logits } = await model.run('forward', feeds);
      const last = Array.from((logits!.data as Float32Array).slice(-characters.length));
      const sixth = last.toSorted((a, b) => b - a)[5]!;
      const weights = last.map((logit) => (logit >= sixth ? Math.exp(logit / 0.7) : 0));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const sums = weights.map((_, token) => weights.slice(0, token + 1).reduce((sum, weight) => sum + weight, 0));
      expect(drawn[i]).to.equal(sums.findIndex((sum) => sum > u * total));
    }
  });

  it('a low temperature is likelier than a high one', async () => {
    const mean = async (temperature: number) => {
      const text = await model.generate('\n', { length: 300, temperature, seed: 3 });
      return (await model.logProb(text)).mean;
    };
    expect(await mean(0.3)).to.be.greaterThan((await mean(1)) + 0.3);
  });

  it('refuses what it can not go on from, in one line', async () => {
    expect(await refused(InputError, () => model.generate(''))).to.include('the prompt is empty');
    expect(await refused(InputError, () => model.generate('naïve 5'))).to.include('"ï", "5", which');
    expect(await refused(InputError, () => model.generate('a', { temperature: 0 }))).to.include('above 0, not 0');
    expect(await refused(InputError, () => model.generate('a', { topK: 0 }))).to.include('topK must be a whole number');
    expect(await refused(InputError, () => model.generate('a', { length: 0 }))).to.include('length must be a whole');
    expect(await refused(InputError, () => model.logProb('a'))).to.include('two tokens at least');
  });

  it('refuses a vocabulary that does not match the graph', async () => {
    const file = join(out, 'manifest.json');
    const whole = await readFile(file, 'utf8');
    const manifest = JSON.parse(whole) as { vocabularies: { characters: string[] } };
    manifest.vocabularies.characters.pop();
    try {
      await writeFile(file, JSON.stringify(manifest));
      expect(await refused(RunFolderError, () => load(out, { device: 'cpu' }))).to.include("graph 'forward'");
    } finally {
      await writeFile(file, whole);
    }
  });

  it('refuses heads that do not divide the width', async () => {
    const options = recipeOptions(transformer, { set: { heads: 3 } });
    const nets = () =>
      transformer.nets(options, seededInitializers(new Random(1)), dataFacts({ vocabularies: { characters: ['a'] } }));
    expect(await refused(TrainError, nets)).to.include('width 128 can not be split among 3 heads');
  });

  it('16 layers of pre-LN train; of post-LN, without warm-up, they stay at how often each character occurs', async function () {
    this.timeout(180_000);
    const unigram = await unigramEntropy('train');
    const sizes = { layers: 16, heads: 2, width: 32, blockSize: 32, batchSize: 8, feedForward: false };
    const settings = { ...sizes, embeddingScale: 0.7, learningRate: 5e-3, schedule: 'constant', warmupSteps: 0 };
    const lossOf = async (normalisation: 'pre' | 'post') => {
      const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-depth-'));
      const request = { recipe: transformer, out: folder, device: 'cpu', evaluate: false, figures: false } as const;
      try {
        const { metrics } = await train({
          ...request,
          set: { ...settings, normalisation },
          maxSteps: 70,
          logEvery: 10,
        });
        return metrics['predict/loss']!;
      } finally {
        await rm(folder, { recursive: true });
      }
    };
    expect(await lossOf('post')).to.be.within(unigram - 0.1, unigram + 0.15);
    expect(await lossOf('pre')).to.be.lessThan(unigram - 0.4);
  });
});
