import { load } from '@onnx-forge/infer';

const z = Float32Array.of(-1, 0.5);
let model;

/** Loads, uses and disposes the run. */
export async function loads(count, device, run) {
  for (let time = 0; time < count; time++) {
    const one = await load(run, { device });
    await one.decode(z);
    await one.dispose();
  }
}

/** Calls one model; throws if it ever gives other numbers. */
export async function calls(count, device, run) {
  model ??= await load(run, { device });
  const first = await model.decode(z);
  for (let time = 0; time < count; time += 2) {
    const { data } = await model.decode(z);
    if (data.some((value, i) => value !== first.data[i])) throw new Error(`call ${time} gives other numbers`);
    await model.encode(data);
  }
}
