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
