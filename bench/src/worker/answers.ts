import { type Model, Random } from '@onnx-forge/infer';

/** A method of a model on so many examples, by `METHOD-EXAMPLES`. */
export type Calls = Readonly<Record<string, () => Promise<unknown>>>;

/** Words of a text or sentence. */
const WORDS = { text: 20, sentence: 7 };
/** Characters of a prompt, and of what is written. */
const [PROMPT, WRITTEN] = [16, 64];

/** The methods that a model is loaded for, each on batches of these sizes; a language model continues one prompt at a time. */
export function callsOf(model: Model, batches: readonly number[]): Calls {
  return Object.fromEntries(
    batches.flatMap((batch) =>
      Object.entries(methodsOf(model, batch)).map(([method, call]) => [`${method}-${batch}`, call]),
    ),
  );
}

function methodsOf(model: Model, batch: number): Calls {
  const random = new Random(1);
  const uniform = (width: number) => random.fillUniform(new Float32Array(batch * width));
  const normal = (width: number) => random.fillNormal(new Float32Array(batch * width));
  switch (model.kind) {
    case 'latent': {
      const { image, latentDim } = model.manifest.serve;
      const [x, z] = [uniform(pixels(image)), normal(latentDim)];
      return { encode: () => model.encode(x), decode: () => model.decode(z) };
    }
    case 'conditional': {
      const { image, latentDim } = model.manifest.serve;
      const [x, z] = [uniform(pixels(image)), normal(latentDim)];
      return { encode: () => model.encode(x, 0), decode: () => model.decode(z, 0) };
    }
    case 'generator': {
      const z = normal(model.manifest.serve.latentDim);
      return { generate: () => model.generate(z) };
    }
    case 'classifier': {
      const x = uniform(pixels(model.manifest.serve.image));
      return { classify: () => model.classify(x) };
    }
    case 'embedding': {
      const x = uniform(pixels(model.manifest.serve.image));
      return { embed: () => model.embed(x) };
    }
    case 'text-classifier': {
      const { vocabularies, serve } = model.manifest;
      const texts = sentences(vocabularies?.[serve.vocabulary], WORDS.text, batch, random);
      return { classify: () => model.classify(texts) };
    }
    case 'translator': {
      const texts = sentences(model.manifest.vocabularies?.source, WORDS.sentence, batch, random);
      return { translate: () => model.translate(texts) };
    }
    case 'language-model': {
      if (batch > 1) return {};
      const { vocabularies, serve } = model.manifest;
      const prompt = vocabularies![serve.vocabulary]!.slice(0, PROMPT).join('');
      return { generate: () => model.generate(prompt, { length: WRITTEN }) };
    }
  }
}

function pixels({ height, width, channels }: { height: number; width: number; channels: number }): number {
  return height * width * channels;
}

function sentences(vocabulary: readonly string[] | undefined, words: number, count: number, random: Random): string[] {
  const known = (vocabulary ?? []).filter((token) => /^[a-z]+$/.test(token));
  return Array.from({ length: count }, () =>
    Array.from({ length: words }, () => known[random.integer(known.length)]).join(' '),
  );
}
