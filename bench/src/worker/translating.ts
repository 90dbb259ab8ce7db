import { load, Random, TranslatorModel } from '@onnx-forge/infer';
import type { Runner } from '../benchmark.js';
import type { SpecOf } from './protocol.js';
import { timeCalls } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

const WORDS = 7;

/** `model.translate(texts)`, greedy, of sentences of seven words. */
export async function translating(spec: SpecOf<'translate'>): Promise<Runner> {
  const { recipe, run, sentences, threads, budgetMs, clock } = spec;
  const model = await load(run, { device: 'cpu', threads });
  if (!(model instanceof TranslatorModel)) throw new TypeError(`recipe '${recipe}' does not translate`);
  const words = (model.manifest.vocabularies?.source ?? []).filter((token) => /^[a-z]+$/.test(token));
  const random = new Random(1);
  const texts = Array.from({ length: sentences }, () =>
    Array.from({ length: WORDS }, () => words[random.integer(words.length)]).join(' '),
  );
  const id = `${recipe}/translate`;
  return {
    version: onnxruntimeVersion(),
    threads,
    async measure() {
      let written = 0;
      const translate = async (): Promise<void> => {
        const found = await model.translate(texts);
        written = found.reduce((sum, { tokens }) => sum + tokens.length, 0) / sentences;
      };
      const { ms, slow: last } = await timeCalls(translate, { budgetMs, warmUpMs: 200, clock });
      const note = `${written.toFixed(1)} tokens a translation`;
      return { values: { [id]: sentences / (ms / 1000) }, notes: { [id]: [note] }, last };
    },
    close: () => model.dispose(),
  };
}
