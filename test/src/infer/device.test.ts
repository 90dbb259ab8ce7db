import {
  type Device,
  DeviceError,
  DisposedError,
  float32,
  GraphError,
  InputError,
  nodePlacements,
  openDevice,
  openSession,
  probeDevices,
  type Session,
} from '@onnx-forge/infer';
import { expect } from 'chai';
import { floats, type ModelSpec, onnxModel } from './onnx.js';
import { rejection } from './rejection.js';
import { needsDevice } from './webgpu.js';

/** y = 2 x + 1, s = sum of x over the last axis. */
const AFFINE: ModelSpec = {
  inputs: { x: ['n', 3] },
  outputs: { y: ['n', 3], s: ['n', 1] },
  nodes: [
    ['Mul', ['x', 'two'], 'doubled'],
    ['Add', ['doubled', 'one'], 'y'],
    ['ReduceSum', ['x', 'axis'], 's'],
  ],
  constants: {
    two: floats([2]),
    one: floats([1]),
    axis: { dims: [1], dataType: 7, rawData: new Uint8Array(BigInt64Array.of(1n).buffer) },
  },
};
const affine = onnxModel(AFFINE);
const x = float32(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);

describe('infer: devices', () => {
  it('auto grants a device and says why it passed over the others', async () => {
    await using device = await openDevice();
    expect(device.device).to.be.oneOf(['cuda', 'webgpu', 'cpu']);
    for (const { reason } of device.refused)
      expect(reason)
        .to.be.a('string')
        .that.is.not.empty.and.not.match(/[\r\n]/);
    if (device.device === 'cpu') expect(device.refused.map(({ device }) => device)).to.deep.equal(['cuda', 'webgpu']);
  });

  it('reports every device of the platform, the CPU always usable', async () => {
    const reports = await probeDevices();
    expect(reports.map(({ device }) => device)).to.deep.equal(['cuda', 'webgpu', 'cpu']);
    expect(reports.at(-1)).to.deep.equal({ device: 'cpu', usable: true, auto: true });
    for (const { auto, reason } of reports) if (!auto) expect(reason).to.be.a('string');
  });

  it('is strict about a named device', async () => {
    const absent = (await probeDevices()).find(({ usable }) => !usable);
    if (!absent) return;
    const error = await rejection(DeviceError, openDevice({ device: absent.device }));
    expect(error.code).to.equal('device-unavailable');
    expect(error.message)
      .to.match(new RegExp(`^device '${absent.device}' is not available here: .+`))
      .and.not.match(/\n/);
  });

  it('names the devices there are when asked for another', async () => {
    const error = await rejection(DeviceError, openDevice({ device: 'tpu' as Device }));
    expect(error.message).to.equal("there is no device 'tpu' here; use one of: auto, cuda, webgpu, cpu");
  });

  it('refuses a number of threads that is none', async () => {
    for (const threads of [0, -1, 1.5, Number.NaN]) {
      expect((await rejection(InputError, openDevice({ threads }))).message).to.match(/^threads must be/);
    }
  });

  it('closes the sessions that it opened', async () => {
    const device = await openDevice({ device: 'cpu' });
    const session = await device.open(affine);
    await device.dispose();
    await rejection(DisposedError, session.run({ x }));
    await rejection(DisposedError, device.open(affine));
  });
});

for (const device of ['cpu', 'cuda', 'webgpu'] as const) {
  describe(`infer: sessions on ${device}`, () => {
    let session: Session;

    before(async function () {
      await needsDevice(this, device);
      session = await openSession(affine, { device, name: 'affine' });
    });

    after(() => session?.dispose());

    it('tells device, names and shapes', () => {
      expect(session.device).to.equal(device);
      expect(session.inputNames).to.deep.equal(['x']);
      expect(session.inputs).to.deep.equal({ x: { type: 'float32', shape: ['n', 3] } });
      expect(session.outputs.s).to.deep.equal({ type: 'float32', shape: ['n', 1] });
    });

    it('runs', async () => {
      const { y, s } = await session.run({ x });
      expect(y).to.deep.equal(float32(Float32Array.of(3, 5, 7, 9, 11, 13), [2, 3]));
      expect(s).to.deep.equal(float32(Float32Array.of(6, 15), [2, 1]));
    });

    it('takes a view into the middle of a larger array', async () => {
      const { s } = await session.run({ x: float32(x.data.subarray(3), [1, 3]) });
      expect([...s!.data]).to.deep.equal([15]);
    });

    it('runs into arrays of the caller, again and again, only what is asked for', async () => {
      const [ping, pong] = [float32(new Float32Array(3), [1, 3]), float32(new Float32Array(3), [1, 3])];
      await session.runInto({ x: ping }, { y: pong });
      await session.runInto({ x: pong }, { y: ping });
      await session.runInto({ x: ping }, { y: pong });
      expect([...ping.data]).to.deep.equal([3, 3, 3]);
      expect([...pong.data]).to.deep.equal([7, 7, 7]);
    });

    it('keeps outputs on the device when asked to, and takes them back', async () => {
      await using resident = await openSession(affine, { device, resident: ['y'] });
      let state = (await resident.runResident({ x })).y!;
      for (let step = 0; step < 3; step++) {
        const next = (await resident.runResident({ x: state })).y!;
        if ('dispose' in state) state.dispose();
        state = next;
      }
      const final = 'read' in state ? await state.read() : state;
      expect([...final.data]).to.deep.equal([31, 47, 63, 79, 95, 111]);
      expect('read' in state).to.equal(device === 'webgpu');
      if ('dispose' in state) state.dispose();
      expect((await resident.run({ x })).y).to.deep.equal((await session.run({ x })).y);
    });

    it('does not mix the results of overlapping calls', async () => {
      const calls = Array.from({ length: 20 }, (_, i) =>
        session.run({ x: float32(new Float32Array(3).fill(i), [1, 3]) }),
      );
      const results = await Promise.all(calls);
      results.forEach(({ s }, i) => {
        expect(s!.data[0]).to.equal(3 * i);
      });
    });

    it('goes on after a call that failed', async () => {
      const failing = session.runInto({ x }, { y: float32(new Float32Array(3), [1, 3]) }); // one row for two
      const following = session.run({ x });
      expect((await rejection(GraphError, failing)).message)
        .to.match(/^affine failed on /)
        .and.not.match(/\n/);
      expect([...(await following).s!.data]).to.deep.equal([6, 15]);
    });

    it('names the input that is missing, unknown or of the wrong shape', async () => {
      const message = async (feeds: Parameters<Session['run']>[0]) =>
        (await rejection(InputError, session.run(feeds))).message;
      expect(await message({})).to.equal("affine needs its input 'x' (float32 [n, 3])");
      expect(await message({ x, q: x })).to.equal("affine has no input 'q'; it has: x");
      expect(await message({ x: { ...x, dims: [3, 2] } })).to.equal(
        "affine: input 'x' must be float32 [n, 3], not float32 [3, 2]",
      );
      expect(await message({ x: { ...x, dims: [1, 3] } })).to.equal(
        "affine: input 'x' has 6 elements, which is not [1, 3]",
      );
      expect(await message({ x: { type: 'int32', dims: [1, 3], data: new Int32Array(3) } })).to.match(
        /not int32 \[1, 3\]/,
      );
    });

    it('says that it was disposed, and can be disposed twice', async () => {
      const own = await openSession(affine, { device, name: 'affine' });
      const underWay = own.run({ x });
      await Promise.all([own.dispose(), own.dispose()]);
      expect([...(await underWay).s!.data]).to.deep.equal([6, 15]);
      expect((await rejection(DisposedError, own.run({ x }))).message).to.match(/^affine was disposed/);
    });

    it('tells a file that is no ONNX model', async () => {
      const files = [
        new Uint8Array(0),
        Uint8Array.of(1, 2, 3),
        new TextEncoder().encode('<html></html>'),
        affine.subarray(0, -9),
      ];
      for (const file of files) {
        const error = await rejection(GraphError, openSession(file, { device, name: 'f.onnx' }));
        expect(error.code).to.equal('not-onnx');
        expect(error.message).to.match(/^f\.onnx is not an ONNX model/);
      }
    });
  });
}

describe('infer: placement on webgpu', () => {
  /** Exp has a GPU kernel; Det, in the middle, has none. */
  const mixed = onnxModel({
    inputs: { x: ['n', 3, 3] },
    outputs: { y: ['n'] },
    nodes: [
      ['Exp', ['x'], 'e'],
      ['Det', ['e'], 'd'],
      ['Exp', ['d'], 'y'],
    ],
  });
  const feeds = { x: float32(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [1, 3, 3]) };

  before(async function () {
    await needsDevice(this, 'webgpu');
  });

  it('is told node by node', async () => {
    const placements = await nodePlacements(mixed, feeds, { device: 'webgpu' });
    const computing = placements.filter(({ operator }) => !operator.startsWith('Memcpy'));
    expect(computing.map(({ operator, device }) => [operator, device])).to.deep.equal([
      ['Exp', 'webgpu'],
      ['Det', 'cpu'],
      ['Exp', 'webgpu'],
    ]);
    const { x: _, ...none } = feeds;
    await rejection(InputError, nodePlacements(mixed, none, { device: 'webgpu' }));
  });

  it('can be demanded', async () => {
    await using loose = await openSession(mixed, { device: 'webgpu' });
    expect(loose.device).to.equal('webgpu');
    const error = await rejection(GraphError, openSession(mixed, { device: 'webgpu', strictPlacement: true }));
    expect(error.code).to.equal('graph-open');
  });
});
