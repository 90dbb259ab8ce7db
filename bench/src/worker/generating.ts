import { LanguageModel, load } from '@onnx-forge/infer';
import type { Runner } from '../benchmark.js';
import type { SpecOf } from './protocol.js';
import { timeCalls } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

const PROMPT = 16;

/** `model.generate(prompt)` as users call it: with the cache, and reading anew when the block is full. */
export async function generating(spec: SpecOf<'generate'>): Promise<Runner> {
  const { recipe, run, tokens: length, threads, budgetMs, clock } = spec;
  const model = await load(run, { device: 'cpu', threads });
  if (!(model instanceof LanguageModel)) throw new TypeError(`recipe '${recipe}' generates no text`);
  const { vocabularies, serve } = model.manifest;
  const prompt = vocabularies![serve.vocabulary]!.slice(0, PROMPT).join('');
  return {
    version: onnxruntimeVersion(),
    threads,
    async measure() {
      const { ms, slow: last } = await timeCalls(() => model.generate(prompt, { length }), {
        budgetMs,
        warmUpMs: 200,
        clock,
      });
      return { values: { [`${recipe}/generate`]: length / (ms / 1000) }, last };
    },
    close: () => model.dispose(),
  };
}
