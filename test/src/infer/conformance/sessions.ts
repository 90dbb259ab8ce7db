import { DisposedError, float32, GraphError, InputError, type Session } from '@onnx-forge/infer';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import type { Checks, SessionSubject } from './check.js';

const x = float32(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);

interface SharedMemory {
  readonly Memory: new (pages: { initial: number; maximum: number; shared: true }) => { readonly buffer: ArrayBuffer };
}

/** An array that threads may share. (Pages that are not isolated have no SharedArrayBuffer, but get one in this way.) */
function sharedFloats(length: number): Float32Array<ArrayBuffer> {
  const { Memory } = (globalThis as unknown as { readonly WebAssembly: SharedMemory }).WebAssembly;
  return new Float32Array(new Memory({ initial: 1, maximum: 1, shared: true }).buffer, 0, length);
}

/** Checks of any device's sessions, on the graph y = 2 x + 1, s = sum of x over the last axis. */
export const sessionChecks: Checks<SessionSubject> = {
  'tells device, names and shapes': async ({ device, open }) => {
    await using session = await open();
    expect(session.device).to.equal(device);
    expect(session.inputNames).to.deep.equal(['x']);
    expect(session.inputs).to.deep.equal({ x: { dtype: 'float32', type: 'float32', shape: ['n', 3] } });
    expect(session.outputs.s).to.deep.equal({ dtype: 'float32', type: 'float32', shape: ['n', 1] });
    return undefined;
  },

  runs: async ({ open }) => {
    await using session = await open();
    const { y, s } = await session.run({ x });
    expect(y).to.deep.equal(float32(Float32Array.of(3, 5, 7, 9, 11, 13), [2, 3]));
    expect(s).to.deep.equal(float32(Float32Array.of(6, 15), [2, 1]));
    return undefined;
  },

  'takes a view into the middle of a larger array': async ({ open }) => {
    await using session = await open();
    const { s } = await session.run({ x: float32(x.data.subarray(3), [1, 3]) });
    expect([...(s!.data as Float32Array)]).to.deep.equal([15]);
    return undefined;
  },

  'computes with what an array held when it was called, whatever becomes of it afterwards': async ({ open }) => {
    await using session = await open();
    const [used, sent] = [float32(x.data.slice(), [2, 3]), float32(x.data.slice(), [2, 3])];
    const calls = [session.run({ x: used }), session.run({ x: sent })];
    used.data.fill(Number.NaN);
    structuredClone(sent.data, { transfer: [sent.data.buffer as ArrayBuffer] });
    for (const call of calls) expect([...((await call).s!.data as Float32Array)]).to.deep.equal([6, 15]);
    const gone = session.runInto({ x: sent }, { s: float32(new Float32Array(2), [2, 1]) });
    expect((await rejection(InputError, gone)).message).to.include('has 0 elements');
    const late = float32(x.data.slice(), [2, 3]);
    const running = [session.run({ x }), session.runInto({ x: late }, { s: float32(new Float32Array(2), [2, 1]) })];
    structuredClone(late.data, { transfer: [late.data.buffer as ArrayBuffer] });
    await running[0];
    expect((await rejection(InputError, running[1]!)).message).to.include("'x' was transferred before the graph ran");
    expect([...((await session.run({ x })).s!.data as Float32Array)]).to.deep.equal([6, 15]);
    return undefined;
  },

  'reads from shared memory, and writes into it': async ({ open }) => {
    await using session = await open();
    const data = sharedFloats(x.data.length);
    data.set(x.data);
    const [input, y] = [float32(data, x.dims), float32(sharedFloats(6), [2, 3])];
    expect([...((await session.run({ x: input })).s!.data as Float32Array)]).to.deep.equal([6, 15]);
    await session.runInto({ x: input }, { y });
    expect([...y.data]).to.deep.equal([3, 5, 7, 9, 11, 13]);
    return undefined;
  },

  'runs into arrays of the caller, again and again, only what is asked for': async ({ open }) => {
    await using session = await open();
    const [ping, pong] = [float32(new Float32Array(3), [1, 3]), float32(new Float32Array(3), [1, 3])];
    await session.runInto({ x: ping }, { y: pong });
    await session.runInto({ x: pong }, { y: ping });
    await session.runInto({ x: ping }, { y: pong });
    expect([...ping.data]).to.deep.equal([3, 3, 3]);
    expect([...pong.data]).to.deep.equal([7, 7, 7]);
    return undefined;
  },

  'keeps outputs on the device when asked to, and takes them back': async ({ device, open }) => {
    await using session = await open();
    await using resident = await open({ resident: ['y'] });
    let state = (await resident.runResident({ x })).y!;
    for (let step = 0; step < 3; step++) {
      const next = (await resident.runResident({ x: state })).y!;
      if ('dispose' in state) state.dispose();
      state = next;
    }
    const final = 'read' in state ? await state.read() : state;
    expect([...(final.data as Float32Array)]).to.deep.equal([31, 47, 63, 79, 95, 111]);
    expect('read' in state).to.equal(device === 'webgpu');
    if ('dispose' in state) state.dispose();
    expect((await resident.run({ x })).y).to.deep.equal((await session.run({ x })).y);
    return undefined;
  },

  'does not mix the results of 200 overlapping calls': async ({ open }) => {
    await using session = await open();
    await using other = await open();
    const calls = Array.from({ length: 200 }, (_, i) =>
      (i % 2 ? session : other).run({ x: float32(new Float32Array(3).fill(i), [1, 3]) }),
    );
    const results = await Promise.all(calls);
    results.forEach(({ s, y }, i) => {
      expect(s!.data[0]).to.equal(3 * i);
      expect([...(y!.data as Float32Array)]).to.deep.equal([2 * i + 1, 2 * i + 1, 2 * i + 1]);
    });
    return undefined;
  },

  'goes on after a call that failed': async ({ open }) => {
    await using session = await open({ name: 'affine' });
    const failing = session.runInto({ x }, { y: float32(new Float32Array(3), [1, 3]) }); // one row for two
    const following = session.run({ x });
    expect((await rejection(GraphError, failing)).message)
      .to.match(/^affine failed on /)
      .and.not.match(/\n/);
    expect([...((await following).s!.data as Float32Array)]).to.deep.equal([6, 15]);
    return undefined;
  },

  'fails alone, and again, where onnxruntime refuses a run': async ({ evenOnly, open, openBytes }) => {
    await using other = await open();
    await using session = await openBytes(evenOnly);
    const rows = (count: number) => session.run({ x: float32(new Float32Array(3 * count), [count, 3]) });
    expect((await rows(2)).y!.dims).to.deep.equal([2, 3]);
    for (let time = 0; time < 2; time++)
      expect((await rejection(GraphError, rows(1))).message).to.match(/^f\.onnx failed/);
    expect([...((await other.run({ x })).s!.data as Float32Array)]).to.deep.equal([6, 15]);
    return undefined;
  },

  'names the input that is missing, unknown or of the wrong shape': async ({ open }) => {
    await using session = await open({ name: 'affine' });
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
    for (const [given, kind] of [
      [new Float32Array(3), 'a Float32Array'],
      [null, 'null'],
      [{ type: 'float32', data: new Float32Array(3) }, 'an object'],
    ] as const) {
      expect(await message({ x: given as never })).to.equal(
        `affine: input 'x' must be a tensor, { type, dims, data }, not ${kind}`,
      );
    }
    expect(await message(undefined as never)).to.equal('affine: inputs must be tensors by their names, not undefined');
    expect((await rejection(InputError, session.runInto({ x }, null as never))).message).to.match(/outputs must be/);
    return undefined;
  },

  'reads weights from a file beside the graph': async ({ outside, openBytes }) => {
    const file = new Float32Array(1024 + 2000);
    for (let i = 0; i < 2000; i++) file[1024 + i] = i + 1;
    const externalData = { 'beside.data': new Uint8Array(file.buffer) };
    await using session = await openBytes(outside, { externalData });
    const { y } = await session.run({ x: float32(new Float32Array(2000).fill(0.5), [1, 2000]) });
    expect([...(y!.data as Float32Array)]).to.deep.equal(Array.from({ length: 2000 }, (_, i) => i + 1.5));
    return undefined;
  },

  'says that it was disposed, and can be disposed twice': async ({ open }) => {
    const own = await open({ name: 'affine' });
    const underWay = own.run({ x });
    await Promise.all([own.dispose(), own.dispose()]);
    expect([...((await underWay).s!.data as Float32Array)]).to.deep.equal([6, 15]);
    expect((await rejection(DisposedError, own.run({ x }))).message).to.match(/^affine was disposed/);
    return undefined;
  },

  'tells a file that is no ONNX model': async ({ bytes, openBytes }) => {
    const files = [
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3),
      new TextEncoder().encode('<html></html>'),
      bytes.subarray(0, -9),
    ];
    for (const file of files) {
      const error = await rejection(GraphError, openBytes(file));
      expect(error.code).to.equal('not-onnx');
      expect(error.message).to.match(/^f\.onnx is not an ONNX model/);
    }
    for (const given of [null, 'f.onnx', bytes.buffer]) {
      const { message } = await rejection(InputError, openBytes(given as never));
      expect(message).to.match(/^f\.onnx must be a Uint8Array, the bytes of an ONNX file; not /);
    }
    return undefined;
  },
};
