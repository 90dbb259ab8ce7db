import { exportOnnx, tf } from '@onnx-forge/export';
import { ForgeError, openSession } from '@onnx-forge/infer';
import { assert } from 'chai';
import fc from 'fast-check';
import { type Layer, networks, runNetwork } from './random-nets.js';

/** ONNX_FORGE_NETS=2000 tries more and shows what is refused, ONNX_FORGE_SEED others. */
const NETS = Number(process.env.ONNX_FORGE_NETS ?? 60);
const SEED = Number(process.env.ONNX_FORGE_SEED ?? 13);
const LARGEST = 17;
const CHANNELS = 2;

const counts = { right: 0, refused: 0, nowhere: 0, compared: 0 };
const refusals = new Map<string, number>();

describe('random networks over two free dimensions, every size from 1 to 17', () => {
  before(() => tf.setBackend('cpu'));

  it(`${NETS} of them are right or refused`, async () => {
    await fc.assert(fc.asyncProperty(networks, check), { numRuns: NETS, seed: SEED, endOnFailure: NETS > 100 });
    const { right, refused, nowhere, compared } = counts;
    console.log(`      ${right} right (${compared} sizes), ${refused} refused, 0 wrong; ${nowhere} take no size`);
    for (const [reason, count] of refusals) console.log(`        ${count} times: ${reason}`);
    assert.isAtMost(refused, (right + refused) / 4, 'refused');
  }).timeout(600_000 + 2000 * NETS);
});

async function check(layers: Layer[]): Promise<void> {
  const f = ({ x }: Record<string, tf.Tensor>) => ({ y: runNetwork(layers, x as tf.Tensor4D) });
  let bytes: Uint8Array;
  try {
    ({ bytes } = exportOnnx(f, { inputs: { x: { shape: [1, 'height', 'width', CHANNELS] } } }));
  } catch (error) {
    if (error instanceof ForgeError) {
      counts.refused++;
      if (process.env.ONNX_FORGE_NETS) console.log(`      ${error.message}: ${JSON.stringify(layers)}`);
      const reason = error.message.replace(/\d+/g, '#').replace(/ at \S+:.*/, '');
      refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
      return;
    }
    counts.nowhere++; // tfjs itself fails at all sizes
    return;
  }
  const session = await openSession(bytes, { device: 'cpu' });
  try {
    for (let k = 1; k <= LARGEST; k++) {
      // Every height and every width, in two ways.
      for (const [height, width] of [
        [k, ((k * 5) % LARGEST) + 1],
        [k, LARGEST + 1 - k],
      ] as const)
        await compare(layers, session, height, width);
    }
  } finally {
    await session.dispose();
  }
  counts.right++;
}

async function compare(
  layers: Layer[],
  session: Awaited<ReturnType<typeof openSession>>,
  height: number,
  width: number,
): Promise<void> {
  const data = Float32Array.from(
    { length: height * width * CHANNELS },
    (_, i) => Math.sin(1.3 * i) + 0.1 * Math.cos(7 * i),
  );
  let smallest = 1;
  let expected: { shape: number[]; values: Float32Array };
  try {
    expected = tf.tidy(() => {
      const x = tf.tensor4d(data, [1, height, width, CHANNELS]);
      const y = runNetwork(layers, x, ({ shape }) => {
        smallest = Math.min(smallest, ...shape); // tfjs has images of less than nothing
      });
      return { shape: y.shape, values: y.dataSync() as Float32Array };
    });
  } catch {
    return; // outside the network's domain
  }
  if (!(smallest > 0)) return; // onnxruntime's operators take no empty images
  // Of a window of nothing but padding tfjs gives NaN or -Infinity, and nothing else here does.
  if (!expected.values.every(Number.isFinite)) return;
  counts.compared++;
  const where = `${JSON.stringify(layers)} at ${height} x ${width}`;
  const { y } = await session.run({ x: { type: 'float32', dims: [1, height, width, CHANNELS], data } });
  assert.deepEqual([...y!.dims], expected.shape, where);
  const scale = Math.max(1, ...expected.values.map(Math.abs));
  for (const [i, e] of expected.values.entries()) {
    const a = Number(y!.data[i]);
    if (Object.is(a, e) || Math.abs(a - e) <= 2e-5 * scale) continue;
    assert.fail(`${where}: element ${i} is ${a}, not ${e}`);
  }
}
