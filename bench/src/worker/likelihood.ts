import { LatentModel, load, Random } from '@onnx-forge/infer';
import type { Reading, Runner } from '../benchmark.js';
import type { SpecOf } from './protocol.js';
import { clock } from './timing.js';
import { onnxruntimeVersion } from './versions.js';

/** As the public API has it: `model.logLikelihood(images, { samples })`, encoder, random draws and averages included. */
export async function likelihood(spec: SpecOf<'likelihood'>): Promise<Runner> {
  const { recipe, run, samples, images, all, threads, budgetMs } = spec;
  const model = await load(run, { device: 'cpu', threads });
  if (!(model instanceof LatentModel)) throw new TypeError(`recipe '${recipe}' has no likelihood`);
  const { height, width } = model.manifest.serve.image;
  const pixels = height * width;
  const data = randomImages(images, pixels);
  const seconds = async (count: number): Promise<number> => {
    const x = { data: data.subarray(0, count * pixels), dims: [count, pixels], type: 'float32' } as const;
    return (await clock(() => model.logLikelihood(x, { samples }))) / 1000;
  };
  let round = 0;
  let pace = 0;
  return {
    version: onnxruntimeVersion(),
    threads,
    async measure(): Promise<Reading> {
      if (round++ === 0) {
        await seconds(20);
        pace = (await seconds(20)) / 20;
      }
      const count = Math.min(images, Math.max(20, Math.round(budgetMs / 1000 / pace)));
      const rate = count / (await seconds(count));
      pace = 1 / rate;
      const whole = `${recipe}/likelihood/test-set`;
      const memory = `${recipe}/likelihood/memory`;
      const values: Record<string, number> = { [`${recipe}/likelihood/throughput`]: rate * samples };
      if (!all) values[whole] = images * pace;
      else if (round === 1) values[whole] = await seconds(images);
      values[memory] = process.resourceUsage().maxRSS / 1000;
      return { values, ...(!all && { notes: { [whole]: ['projected from the throughput'] } }) };
    },
    close: () => model.dispose(),
  };
}

/** Binary, about as many white pixels as digits have. */
function randomImages(count: number, pixels: number): Float32Array {
  const data = new Random(1).fillUniform(new Float32Array(count * pixels));
  for (let i = 0; i < data.length; i++) data[i] = data[i]! < 0.2 ? 1 : 0;
  return data;
}
