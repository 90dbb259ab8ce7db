import {
  type ClassifierModel,
  type ConditionalModel,
  DisposedError,
  type EmbeddingModel,
  type GeneratorModel,
  type ImageEntry,
  InputError,
  type LanguageModel,
  type LatentModel,
  type Model,
  type ModelKind,
  type TextClassifierModel,
  type TranslatorModel,
} from '@onnx-forge/infer';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { aborts } from './aborts.js';
import type { Checks, ModelSubject, Values } from './check.js';

/** The check for one kind of model; it is in the table of that kind only. */
function of<M extends Model>(check: (model: M, subject: ModelSubject) => Promise<Values | undefined>) {
  return (subject: ModelSubject) => check(subject.model as M, subject);
}

/** Binary images that a likelihood is defined for, made from the model's own samples. */
async function binaryImages(model: LatentModel | ConditionalModel, count: number): Promise<Float32Array> {
  return (await model.sample(count, { seed: 5 })).images.data.map((pixel) => (pixel > 0.5 ? 1 : 0));
}

/** Images of noughts and ones, of which each seed has its own. */
function patterns({ height, width, channels }: ImageEntry, count: number, seed = 7919): Float32Array {
  return Float32Array.from({ length: count * height * width * channels }, (_, i) => Number((i * seed) % 13 < 5));
}

/** Words that a model knows. */
function words(vocabulary: readonly string[] | undefined, count: number, from = 0): string[] {
  return (vocabulary ?? []).filter((token) => /^\p{L}+$/u.test(token)).slice(from, from + count);
}

const labelsOf = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i % 3);

type Walker = LatentModel | ConditionalModel | GeneratorModel;

/** Checks of any model with a latent space. */
const walks: Checks<ModelSubject> = {
  'samples: the same seed gives the same images, and the first of many are those of few': of<Walker>(async (model) => {
    const [few, many, other] = await Promise.all([
      model.sample(2, { seed: 3 }),
      model.sample(5, { seed: 3 }),
      model.sample(2, { seed: 4 }),
    ]);
    const pixels = few.images.dims[1]!;
    expect([...few.z.data]).to.deep.equal([...many.z.data.subarray(0, few.z.data.length)]);
    expect([...few.z.data]).not.to.deep.equal([...other.z.data]);
    for (let i = 0; i < 2 * pixels; i++) expect(few.images.data[i]).to.be.closeTo(many.images.data[i]!, 1e-4);
    return { z: many.z.data, images: many.images.data };
  }),

  'interpolates from one end to the other': of<Walker>(async (model) => {
    const { z, images } = await model.sample(2, { seed: 6 });
    const size = z.dims[1]!;
    const [a, b] = [z.data.subarray(0, size), z.data.subarray(size)];
    const labels = model.kind === 'conditional' ? { labels: [1] } : {};
    const latent = await model.interpolate(a, b, { steps: 4, space: 'latent', ...labels });
    const data = await model.interpolate(a, b, { steps: 4, space: 'data', ...labels });
    expect(latent.images.dims).to.deep.equal([1, 4, images.dims[1]!]);
    const pixels = images.dims[1]!;
    for (const end of [0, 3 * pixels]) {
      for (let i = 0; i < pixels; i++) {
        expect(latent.images.data[end + i]).to.be.closeTo(data.images.data[end + i]!, 1e-4);
      }
    }
    return { latent: latent.images.data, data: data.images.data };
  }),

  'perturbs one dimension at a time': of<Walker>(async (model) => {
    const { z } = await model.sample(2, { seed: 7 });
    const { images, change, base } = await model.perturb(z, { epsilon: [3, -3], dims: [0, 1] });
    expect(images.dims).to.deep.equal([2, 2, 2, base.dims[1]!]);
    return { images: images.data, change, base: base.data };
  }),

  'refuses NaN and wrong sizes before it computes': of<Walker>(async (model) => {
    const { latentDim } = model.manifest.serve;
    const wrong = new Float32Array(latentDim).fill(Number.NaN);
    await rejection(InputError, model.interpolate(wrong, new Float32Array(latentDim)));
    await rejection(InputError, model.perturb(new Float32Array(latentDim + 1)));
    await rejection(InputError, model.sample(0));
    return undefined;
  }),
};

const latent: Checks<ModelSubject> = {
  ...walks,

  'encodes and decodes': of<LatentModel>(async (model) => {
    const { mu, logVar } = await model.encode(await binaryImages(model, 3));
    const { data } = await model.decode(mu);
    return { mu: mu.data, logVar: logVar.data, decoded: data };
  }),

  'bounds and estimates the log-likelihood': of<LatentModel>(async (model) => {
    const x = await binaryImages(model, 3);
    const bound = await model.elbo(x, { samples: 4, seed: 2 });
    const importance = await model.logLikelihood(x, { samples: 10, seed: 2 });
    const naive = await model.logLikelihood(x, { samples: 10, seed: 2, estimator: 'prior' });
    const parts: number[] = [];
    for await (const { values } of model.logLikelihood.stream(x, { samples: 10, seed: 2, batchSize: 2 })) {
      parts.push(...values);
    }
    parts.forEach((value, i) => {
      expect(value).to.be.closeTo(importance.values[i]!, 1e-3);
    });
    return { elbo: bound.values, importance: importance.values, naive: naive.values };
  }),
};

const conditional: Checks<ModelSubject> = {
  ...walks,

  'encodes and decodes under a class': of<ConditionalModel>(async (model) => {
    const { mu, logVar } = await model.encode(await binaryImages(model, 3), labelsOf(3));
    const { data } = await model.decode(mu, labelsOf(3));
    await rejection(InputError, model.decode(mu, [0, 1, model.manifest.serve.classes.length]));
    return { mu: mu.data, logVar: logVar.data, decoded: data };
  }),

  'bounds and estimates the log-likelihood under a class': of<ConditionalModel>(async (model) => {
    const x = await binaryImages(model, 3);
    const bound = await model.elbo(x, labelsOf(3), { samples: 4, seed: 2 });
    const importance = await model.logLikelihood(x, labelsOf(3), { samples: 10, seed: 2 });
    return { elbo: bound.values, importance: importance.values };
  }),
};

const generator: Checks<ModelSubject> = {
  ...walks,

  'generates and scores': of<GeneratorModel>(async (model) => {
    const { z } = await model.sample(3, { seed: 8 });
    const { images } = await model.generate(z);
    return { images: images.data, score: await model.score(images) };
  }),
};

const classifier: Checks<ModelSubject> = {
  classifies: of<ClassifierModel>(async (model) => {
    const { image, classes } = model.manifest.serve;
    const images = patterns(image, 5);
    const { probabilities, features, labels } = await model.classify(images);
    expect(probabilities.dims).to.deep.equal([5, classes.length]);
    expect(labels).to.have.length(5);
    for (let row = 0; row < 5; row++) {
      const of = probabilities.data.subarray(row * classes.length, (row + 1) * classes.length);
      expect(of.reduce((sum, value) => sum + value, 0)).to.be.closeTo(1, 1e-5);
    }
    await rejection(InputError, model.classify(images.subarray(1)));
    return { probabilities: probabilities.data, features: features.data };
  }),
};

const embedding: Checks<ModelSubject> = {
  'embeds and verifies': of<EmbeddingModel>(async (model) => {
    const { image, embeddingDim } = model.manifest.serve;
    const [a, b] = [patterns(image, 1), patterns(image, 1, 31)];
    const { data, dims } = await model.embed(a);
    expect(dims).to.deep.equal([1, embeddingDim]);
    const { same, dissimilarity } = await model.verify(a, b, { threshold: 100 });
    expect(same).to.deep.equal([true]);
    await rejection(InputError, model.compare(a, b.subarray(1)));
    return { embedding: data, dissimilarity };
  }),
};

const textClassifier: Checks<ModelSubject> = {
  'classifies texts of several lengths': of<TextClassifierModel>(async (model) => {
    const { vocabulary } = model.manifest.serve;
    const known = words(model.manifest.vocabularies?.[vocabulary], 12);
    const { probabilities, unknown } = await model.classify([known.join(' '), `${known[3]} zyzzyva`, known[5]!]);
    expect(unknown).to.deep.equal([[], ['zyzzyva'], []]);
    await rejection(InputError, model.classify(''));
    return { probabilities: probabilities.data };
  }),
};

const translator: Checks<ModelSubject> = {
  'translates, greedily and with a beam': of<TranslatorModel>(async (model) => {
    const known = words(model.manifest.vocabularies?.source, 4, 3);
    const greedy = await model.translate([known.join(' '), known[1]!], { maxLength: 3 });
    const beam = await model.translate(known.join(' '), { beam: 3, maxLength: 3 });
    await rejection(InputError, model.translate('zyzzyva'));
    return {
      logProb: [...greedy, beam].map(({ logProb }) => logProb),
      attention: greedy[0]!.attention?.data ?? [],
      text: letters([...greedy, beam].map(({ text }) => text).join('|')),
    };
  }),

  'scores given translations: its own as it did when it wrote them, by text and by tokens': of<TranslatorModel>(
    async (model) => {
      const { vocabularies, serve } = model.manifest;
      const known = words(vocabularies?.source, 4, 3);
      const texts = [known.join(' '), known[1]!];
      const written = await model.translate(texts);
      const ids = (side: 'source' | 'target', tokens: readonly string[]) =>
        tokens.map((token) => vocabularies![side]!.indexOf(token));
      const sources = written.map(({ sourceTokens }) => ids('source', sourceTokens));
      const scored = await model.scoreTokens(
        sources,
        written.map(({ tokens }) => ids('target', tokens)),
      );
      for (const [i, { tokens, logProb, logProbs, greedy }] of scored.entries()) {
        expect(tokens).to.deep.equal(written[i]!.tokens);
        expect(logProb).to.be.closeTo(written[i]!.logProb, 1e-3);
        expect(logProbs.reduce((sum, value) => sum + value, 0)).to.be.closeTo(logProb, 1e-9);
        expect(greedy).to.equal(true);
      }
      const other = words(vocabularies?.target, 2, 5);
      const forced = await model.score(texts, [other.join(' '), 'zyzzyva']);
      expect(forced[1]!.tokens[0]).to.equal('<unk>');
      expect(forced[0]!.tokens.at(-1)).to.equal(serve.end ? '<eos>' : other[1]);
      const free = await model.score(texts, [other.join(' '), 'zyzzyva'], { freeRunning: true });
      expect(free[0]!.logProbs[0]).to.be.closeTo(forced[0]!.logProbs[0]!, 1e-4);
      await rejection(InputError, model.score(texts, [other[0]!]));
      await rejection(InputError, model.score([texts[0]!], ['']));
      await rejection(InputError, model.score([texts[0]!], [new Array(serve.maxLength + 1).fill(other[0]).join(' ')]));
      await rejection(InputError, model.scoreTokens(sources, [[1], [1e6]]));
      return { forced: forced.map(({ logProb }) => logProb), free: free.map(({ logProb }) => logProb) };
    },
  ),
};

const languageModel: Checks<ModelSubject> = {
  'goes on from a prompt, and scores texts': of<LanguageModel>(async (model) => {
    const { vocabulary, blockSize } = model.manifest.serve;
    const prompt = words(model.manifest.vocabularies?.[vocabulary], 5).join('');
    const written = await model.generate(prompt, { length: 6, seed: 3 });
    const { values } = await model.logProb(prompt.repeat(Math.ceil(blockSize / 4)));
    await rejection(InputError, model.generate(''));
    return { written: letters(written), logProb: values };
  }),

  'scores windows of tokens as it does the text that they are cut from': of<LanguageModel>(async (model) => {
    const { vocabulary, blockSize } = model.manifest.serve;
    const vocabularyTokens = model.manifest.vocabularies![vocabulary]!;
    const known = words(vocabularyTokens, 5);
    const text = Array.from({ length: 2 * blockSize + 4 }, (_, i) => known[(i * i) % known.length]!);
    const ids = text.map((token) => vocabularyTokens.indexOf(token));
    const windows = [0, blockSize, 2 * blockSize].map((from) => ids.slice(from, from + blockSize + 1));
    const whole = await model.logProb(text.join(''));
    expect(await model.logProbTokens(windows)).to.deep.equal(whole);
    // A window sees nothing of those before it.
    const last = await model.logProbTokens([windows[2]!, windows[0]!]);
    expect(last.values[0]).to.be.closeTo(whole.values[2 * blockSize]!, 1e-4);
    expect(last.values).to.have.length(3 + blockSize);
    for (const wrong of [[], [[ids[0]!]], [[...windows[0]!, 0]], [[0, vocabularyTokens.length]]]) {
      await rejection(InputError, model.logProbTokens(wrong));
    }
    return { logProb: last.values };
  }),
};

/** A text as numbers: it must be the same on every device. */
const letters = (text: string): number[] => Array.from(text, (letter) => letter.codePointAt(0)!);

/** A small call that every kind has, of which each seed's result is its own. */
async function call(model: Model, seed: number): Promise<Float32Array> {
  if (model.kind === 'latent' || model.kind === 'conditional' || model.kind === 'generator') {
    return (await model.sample(1, { seed })).images.data;
  }
  const { manifest } = model;
  switch (model.kind) {
    case 'classifier':
      return (await model.classify(patterns(model.manifest.serve.image, 1, seed))).probabilities.data;
    case 'embedding':
      return (await model.embed(patterns(model.manifest.serve.image, 1, seed))).data;
    case 'text-classifier':
      return (await model.classify(words(manifest.vocabularies?.[model.manifest.serve.vocabulary], 3, seed).join(' ')))
        .probabilities.data;
    case 'translator': {
      const { logProb } = await model
        .translate(words(manifest.vocabularies?.source, 2, seed), { maxLength: 2 })
        .then(([translation]) => translation!);
      return Float32Array.of(logProb);
    }
    case 'language-model': {
      const text = words(manifest.vocabularies?.[model.manifest.serve.vocabulary], 4, seed).join('');
      return Float32Array.from((await model.logProb(text)).values);
    }
  }
}

/** Checks of a model of any kind. */
const anyKind: Checks<ModelSubject> = {
  'does not mix overlapping calls, on one model and on several': async ({ model, load, calls }) => {
    const others = await Promise.all([load(), load()]);
    const models = [model, ...others];
    const seeds = [1, 2, 3, 4, 5, 6, 7].slice(0, calls);
    const expected: Float32Array[] = [];
    for (const seed of seeds) expected.push(await call(model, seed));
    const results = await Promise.all(
      Array.from({ length: calls }, (_, i) => call(models[i % models.length]!, seeds[i % seeds.length]!)),
    );
    results.forEach((data, i) => {
      const wanted = expected[i % seeds.length]!;
      expect(data.length).to.equal(wanted.length);
      const worst = data.reduce((most, value, at) => Math.max(most, Math.abs(value - wanted[at]!)), 0);
      expect(worst, `call ${i}`).to.be.below(1e-5);
    });
    for (const other of others) await other.dispose();
    return undefined;
  },

  'gives every method up by its signal': aborts,

  'finishes the calls under way when it is disposed, and is of no use afterwards': async ({ load }) => {
    const own = await load();
    const underWay = call(own, 1);
    await Promise.all([own.dispose(), own.dispose()]);
    await underWay;
    await rejection(DisposedError, call(own, 1));
    return undefined;
  },
};

/** The checks of each kind. */
export const modelChecks: Readonly<Record<ModelKind, Checks<ModelSubject>>> = {
  latent: { ...latent, ...anyKind },
  conditional: { ...conditional, ...anyKind },
  generator: { ...generator, ...anyKind },
  classifier: { ...classifier, ...anyKind },
  embedding: { ...embedding, ...anyKind },
  'text-classifier': { ...textClassifier, ...anyKind },
  translator: { ...translator, ...anyKind },
  'language-model': { ...languageModel, ...anyKind },
};
