import { load } from '@onnx-forge/infer';

/**
 * The scenario of every app, with a run on each device: it gives a load up, loads, encodes, decodes, estimates log p(x), disposes,
 * and loads again.
 *
 * @param {{ run: string, devices: string[], options?: object }} settings
 * @returns {Promise<{ results?: { device: string, numbers: number[] }[], error?: { name: string, code?: string, message: string } }>}
 */
export async function scenario({ run, devices, options }) {
  const results = [];
  try {
    for (const device of devices) results.push(await onDevice(run, { ...options, device }));
    return { results };
  } catch (error) {
    // Not a ForgeError: whatever else a host or a bug throws.
    return { results, error: { name: error?.name, code: error?.code, message: error?.message ?? String(error) } };
  }
}

async function onDevice(run, options) {
  await giveUp(run, options);
  const model = await load(run, options);
  const { device } = model;
  const z = Float32Array.of(-1, 0.5, 0, 0, 1.5, -2);
  const mean = await model.decode(z);
  const x = mean.data.map(Math.round);
  const { mu, logVar } = await model.encode(x);
  const { values } = await model.logLikelihood(x, { samples: 50, seed: 1 });
  await model.dispose();
  const again = await load(run, options);
  const { data } = await again.decode(z);
  await again.dispose();
  return { device, numbers: [...mean.data, ...mu.data, ...logVar.data, ...values, ...data] };
}

/** A load that is given up at once, and one that is given up when its first graph has come. */
async function giveUp(run, options) {
  const controller = new AbortController();
  const loads = [
    load(run, { ...options, signal: AbortSignal.abort() }),
    load(run, { ...options, signal: controller.signal, onProgress: () => controller.abort() }),
  ];
  for (const { reason, status } of await Promise.allSettled(loads)) {
    if (status === 'fulfilled') throw new Error('a load that was given up gave a model');
    if (reason.name !== 'AbortError') throw reason;
  }
}
