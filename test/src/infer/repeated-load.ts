import { load } from '@onnx-forge/infer';

/**
 * A process of its own: loads, uses and disposes a run again and again; writes the resident memory (bytes) after `early`
 * and after `late` times as JSON. Arguments: run, device, early, late.
 */
const [run = '', device = 'cpu', early = '100', late = '300'] = process.argv.slice(2);
const sizes: number[] = [];
for (let time = 1; time <= Number(late); time++) {
  const model = await load(run, { device: device as 'cpu' | 'webgpu', threads: 1 });
  if (model.kind === 'latent') await model.sample(4);
  await model.dispose();
  if (time === Number(early) || time === Number(late)) {
    globalThis.gc?.();
    sizes.push(process.memoryUsage().rss);
  }
}
process.stdout.write(JSON.stringify(sizes));
