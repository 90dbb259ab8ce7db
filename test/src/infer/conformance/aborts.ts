import { AbortError, type CallOptions, InputError, type Model } from '@onnx-forge/infer';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import type { Check, ModelSubject } from './check.js';

type Method = (options: CallOptions) => Promise<unknown>;

/** Every method that takes a signal, as a small call. */
function methodsOf(model: Model): Readonly<Record<string, Method>> {
  switch (model.kind) {
    case 'latent':
    case 'conditional':
    case 'generator': {
      const z = new Float32Array(model.manifest.serve.latentDim);
      const walks: Record<string, Method> = {
        sample: (options) => model.sample(1, options),
        interpolate: (options) => model.interpolate(z, z, options),
        perturb: (options) => model.perturb(z, { dims: [0], ...options }),
      };
      const x = blank(model);
      if (model.kind === 'generator') {
        return {
          ...walks,
          generate: (options) => model.generate(z, options),
          score: (options) => model.score(x, options),
        };
      }
      const few = { samples: 2 };
      if (model.kind === 'conditional') {
        return {
          ...walks,
          encode: (options) => model.encode(x, 0, options),
          decode: (options) => model.decode(z, 0, options),
          elbo: (options) => model.elbo(x, 0, options),
          logLikelihood: (options) => model.logLikelihood(x, 0, { ...few, ...options }),
          'logLikelihood.stream': async (options) => model.logLikelihood.stream(x, 0, { ...few, ...options }).next(),
        };
      }
      return {
        ...walks,
        encode: (options) => model.encode(x, options),
        decode: (options) => model.decode(z, options),
        elbo: (options) => model.elbo(x, options),
        logLikelihood: (options) => model.logLikelihood(x, { ...few, ...options }),
        'logLikelihood.stream': async (options) => model.logLikelihood.stream(x, { ...few, ...options }).next(),
      };
    }
    case 'classifier':
      return { classify: (options) => model.classify(blank(model), options) };
    case 'embedding': {
      const x = blank(model);
      return {
        embed: (options) => model.embed(x, options),
        compare: (options) => model.compare(x, x, options),
        verify: (options) => model.verify(x, x, { threshold: 1, ...options }),
      };
    }
    case 'text-classifier':
      return {
        classify: (options) => model.classify(word(model, model.manifest.serve.vocabulary), options),
        classifyTokens: (options) => model.classifyTokens([[1, 2]], options),
      };
    case 'translator':
      return { translate: (options) => model.translate(word(model, 'source'), { maxLength: 2, ...options }) };
    case 'language-model': {
      const prompt = word(model, model.manifest.serve.vocabulary);
      return {
        generate: (options) => model.generate(prompt, { length: 2, ...options }),
        'generate.stream': async (options) => model.generate.stream(prompt, { length: 2, ...options }).next(),
        logProb: (options) => model.logProb(prompt.repeat(2), options),
      };
    }
  }
}

/** An image of zeros. */
function blank({ manifest }: Extract<Model, { readonly manifest: { readonly serve: { readonly image: unknown } } }>) {
  const { height, width, channels } = manifest.serve.image;
  return new Float32Array(height * width * channels);
}

function word({ manifest }: Model, vocabulary: string): string {
  return (manifest.vocabularies?.[vocabulary] ?? []).find((token) => /^\p{L}+$/u.test(token))!;
}

/** The one rule of every method: given up before or during the call, it is an AbortError, and the model goes on. */
export const aborts: Check<ModelSubject> = async ({ model }) => {
  const reason = new Error('closed');
  const methods = Object.entries(methodsOf(model));
  expect(methods).to.not.have.length(0);
  for (const [name, method] of methods) {
    const controller = new AbortController();
    const calls = [method({ signal: AbortSignal.abort(reason) }), method({ signal: controller.signal })];
    controller.abort(reason);
    for (const call of calls) {
      const { code, message, cause } = await rejection(AbortError, call);
      expect(code, name).to.equal('aborted');
      expect(message).to.match(/^\w+ of .* was given up$/);
      expect(cause, name).to.equal(reason);
    }
    const unused = new AbortController();
    await method({ signal: unused.signal });
    unused.abort();
    const { message } = await rejection(InputError, method({ signal: unused as never }));
    expect(message, name).to.match(/must be an AbortSignal \(a controller's 'signal'\), not an AbortController$/);
  }
  return undefined;
};
