import { type DeviceRequest, float32 } from '@onnx-forge/infer';
import { expect } from 'chai';
import type { Driver, Runtime } from '../../../packages/infer/dist/device/driver.js';
import { openFastest, type Workload } from '../../../packages/infer/dist/device/fastest.js';

type Device = 'webgpu' | 'wasm';
type InferenceSession = Awaited<ReturnType<Runtime['InferenceSession']['create']>>;
type Failure = 'refusal' | 'start' | 'open' | 'run';

/** Bytes that the fake devices take for the graph; anything else is a probe. */
const GRAPH = Uint8Array.of(1, 2, 3);

/** A device without onnxruntime, on which a call of the graph takes as long as a test says. */
class FakeDevice {
  /** Milliseconds of a call. */
  cost = 1;
  answer: number[] = [1, 2, 3];
  identity = 'one of a kind';
  /** The part that fails, and from which run of the graph on. */
  failure: { readonly at: Failure; readonly run?: number } | undefined;
  /** Sessions that were not released. */
  open = 0;
  runs = 0;
  readonly driver: Driver;

  constructor(
    readonly device: Device,
    private readonly place: FakePlace,
  ) {
    const runtime = {
      InferenceSession: { create: async (bytes: Uint8Array) => this.#session(bytes) },
      Tensor: class {
        readonly location = 'cpu';
        constructor(
          readonly type: string,
          readonly data: Float32Array,
          readonly dims: readonly number[],
        ) {}
        get size(): number {
          return this.data.length;
        }
      },
      fillsFetches: false,
      survivesFailures: true,
    } as unknown as Runtime;
    this.driver = {
      device,
      refusal: async () => (this.failure?.at === 'refusal' ? 'it is not there' : undefined),
      runtime: async () => runtime,
      options: () => ({}),
      explain: (error) => (error as Error).message,
      identity: async ({ threads = 1 }) => `${this.identity}, ${threads}`,
    };
  }

  #session(bytes: Uint8Array): InferenceSession {
    if (this.failure?.at === (bytes.length === GRAPH.length ? 'open' : 'start')) throw new Error('no memory');
    this.open++;
    const metadata = (name: string) => [{ name, isTensor: true, type: 'float32', shape: [3] }];
    return {
      ...{ inputNames: ['x'], inputMetadata: metadata('x'), outputNames: ['y'], outputMetadata: metadata('y') },
      run: async () => {
        const { at, run = 0 } = this.failure ?? {};
        if (at === 'run' && this.runs >= run) throw new Error('the device is lost');
        this.runs++;
        this.place.called(this);
        return { y: { location: 'cpu', type: 'float32', dims: [3], data: Float32Array.from(this.answer) } };
      },
      release: async () => {
        this.open--;
      },
    } as unknown as InferenceSession;
  }
}

/** The message of the error that a promise is rejected with. */
async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing was thrown',
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

/** A platform of two fake devices, with a clock that only their calls move. */
class FakePlace {
  readonly webgpu = new FakeDevice('webgpu', this);
  readonly wasm = new FakeDevice('wasm', this);
  readonly elsewhere = {};
  readonly records = new Map<string, string>();
  /** The device of each call of the graph. */
  readonly calls: Device[] = [];
  clock = 0;
  prepared = 0;
  released = 0;
  onCall: (() => void) | undefined;

  readonly measuring = {
    now: (): number => this.clock,
    choices: {
      read: async (key: string): Promise<string | undefined> => this.records.get(key),
      write: async (key: string, text: string): Promise<void> => void this.records.set(key, text),
    },
  };

  get drivers(): Driver[] {
    return [this.webgpu.driver, this.wasm.driver];
  }

  /** Sessions that were not released. */
  get open(): number {
    return this.webgpu.open + this.wasm.open;
  }

  called({ device, cost }: FakeDevice): void {
    this.calls.push(device);
    this.clock += cost;
    this.onCall?.();
  }

  readonly workload: Workload = {
    identity: 'the graph',
    prepare: async () => {
      this.prepared++;
      return async (device) => {
        const session = await device.open(GRAPH);
        return {
          call: async () => [(await session.run({ x: float32(new Float32Array(3), [3]) })).y!.data as Float32Array],
          release: () => void this.released++,
        };
      };
    },
  };

  /** The device and the reasons against the others; all is disposed then. */
  async take(options: Parameters<typeof openFastest>[1] = {}, workload = this.workload): Promise<string[]> {
    const device = await openFastest(workload, options, this);
    const told = [device.device, ...device.refused.map((refusal) => `${refusal.device}: ${refusal.reason}`)];
    expect(this.open, 'the probe of the device granted').to.equal(1);
    await device.dispose();
    expect(this.open).to.equal(0);
    return told;
  }
}

describe('infer: the fastest device', () => {
  let place: FakePlace;
  beforeEach(() => {
    place = new FakePlace();
  });

  it('is taken, and the other one said to be slower', async () => {
    place.webgpu.cost = 3.2468;
    place.wasm.cost = 0.42;
    expect(await place.take()).to.deep.equal(['wasm', 'webgpu: slower here: 3.25 ms a call, wasm 0.42 ms']);
    expect(place.released).to.equal(2);

    const other = new FakePlace();
    other.wasm.cost = 20;
    expect(await other.take()).to.deep.equal(['webgpu', 'wasm: slower here: 20 ms a call, webgpu 1 ms']);
  });

  it('is the first of those that are equally fast', async () => {
    expect(await place.take()).to.deep.equal(['webgpu', 'wasm: no faster here: 1 ms a call, webgpu 1 ms']);
  });

  it('is found in turns, within about a second', async () => {
    place.webgpu.cost = 4;
    place.wasm.cost = 0.5;
    await place.take();
    expect(place.clock).to.be.within(1000, 1040);
    const spent = { webgpu: 4 * place.webgpu.runs, wasm: 0.5 * place.wasm.runs };
    expect(spent.webgpu).to.be.closeTo(spent.wasm, 150);
    const [, ...changes] = place.calls.map((device, i) => device !== place.calls[i - 1]);
    expect(changes.filter(Boolean)).to.have.length.above(30);
  });

  it('is found in turns whose order changes', async () => {
    place.webgpu.cost = 15;
    place.wasm.cost = 20;
    await place.take();
    const [webgpu, wasm] = ['webgpu', 'wasm'] as const;
    expect(place.calls.slice(0, 8)).to.deep.equal([webgpu, wasm, webgpu, wasm, wasm, webgpu, webgpu, wasm]);
  });

  it('is the one that is faster most of the time', async () => {
    place.webgpu.cost = 5;
    place.wasm.cost = 2;
    place.onCall = () => {
      place.wasm.cost = place.wasm.runs % 40 === 39 ? 300 : 2; // something else holds the processor
      place.webgpu.cost = place.webgpu.runs % 60 < 20 ? 0.5 : 5;
    };
    expect((await place.take())[0]).to.equal('wasm');
  });

  it('is found by two calls where a call takes long', async () => {
    place.webgpu.cost = 10;
    place.wasm.cost = 20_000;
    expect(await place.take()).to.deep.equal(['webgpu', 'wasm: slower here: 20000 ms a call, webgpu 10 ms']);
    expect(place.wasm.runs).to.equal(2);
  });

  it('is found where the clock stands still, which decides nothing', async () => {
    place.webgpu.cost = 0;
    place.wasm.cost = 0;
    expect(await place.take()).to.deep.equal(['webgpu', 'wasm: no faster here: 0 ms a call, webgpu 0 ms']);
    expect(place.calls.length).to.be.at.most(2 * (1 + 50 * 200));
    expect(await place.take()).to.have.length(2);
    expect(place.prepared, 'times of 0 ms are not believed').to.equal(2);
  });

  const failures: Readonly<Record<string, readonly [Failure, run: number, reason: string]>> = {
    'does not start': ['start', 0, 'no memory'],
    "can't open the graph": ['open', 0, "the graph can't be opened on webgpu: no memory"],
    "can't run the graph": ['run', 0, 'the graph failed on webgpu: the device is lost'],
    'fails while it is timed': ['run', 7, 'the graph failed on webgpu: the device is lost'],
  };
  for (const [name, [at, run, reason]] of Object.entries(failures)) {
    it(`is not one that ${name}, which is not remembered`, async () => {
      place.webgpu.failure = { at, run };
      place.wasm.cost = 500;
      expect(await place.take()).to.deep.equal(['wasm', `webgpu: ${reason}`]);
      expect(place.records.size).to.equal(0);
      place.webgpu.failure = undefined;
      expect((await place.take())[0]).to.equal('webgpu');
    });
  }

  const { NaN: nan, NEGATIVE_INFINITY: masked } = Number;
  const answers: Readonly<Record<string, readonly [webgpu: number[], wasm: number[], taken: string[]]>> = {
    'of no numbers': [
      [1, nan, 3],
      [1, 2, 3],
      ['wasm', 'webgpu: its numbers are not finite'],
    ],
    'of no numbers on the CPU': [
      [1, 2, 3],
      [1, masked, 3],
      ['webgpu', 'wasm: its numbers are not finite'],
    ],
    'of other numbers': [
      [1, 2, 4],
      [1, 2, 3],
      ['wasm', "webgpu: its numbers are not wasm's"],
    ],
    'of other numbers beside a mask': [
      [masked, 2, 4],
      [masked, 2, 3],
      ['wasm', "webgpu: its numbers are not wasm's"],
    ],
    'of fewer numbers': [
      [1, 2],
      [1, 2, 3],
      ['wasm', "webgpu: its numbers are not wasm's"],
    ],
  };
  for (const [name, [webgpu, wasm, taken]] of Object.entries(answers)) {
    it(`is not one with an answer ${name}`, async () => {
      Object.assign(place.webgpu, { answer: webgpu, cost: taken[0] === 'wasm' ? 0.1 : 10 });
      place.wasm.answer = wasm;
      expect(await place.take()).to.deep.equal(taken);
    });
  }

  it('may round otherwise, and mask', async () => {
    place.webgpu.answer = [1.001, masked, 3];
    place.wasm.answer = [1, masked, 3.001];
    place.wasm.cost = 2;
    expect((await place.take())[0]).to.equal('webgpu');
    expect(place.records.size).to.equal(1);
  });

  it('is as without a measurement where no device can do the work', async () => {
    place.webgpu.failure = { at: 'run' };
    place.wasm.failure = { at: 'run' };
    expect(await place.take()).to.deep.equal(['webgpu']);
  });

  it('is not looked for again', async () => {
    place.wasm.cost = 0.5;
    const first = await place.take();
    const calls = place.calls.length;
    expect(await place.take()).to.deep.equal(first);
    expect([place.calls.length, place.prepared]).to.deep.equal([calls, 1]);
  });

  const changes: Readonly<Record<string, (place: FakePlace) => Promise<unknown>>> = {
    adapter: async (changed) => {
      changed.webgpu.identity = 'another card';
      await changed.take();
    },
    'number of threads': (changed) => changed.take({ threads: 4 }),
    graph: (changed) => changed.take({}, { ...changed.workload, identity: 'another graph' }),
  };
  for (const [what, again] of Object.entries(changes)) {
    it(`is looked for again with another ${what}`, async () => {
      await place.take();
      await again(place);
      expect([place.prepared, place.records.size]).to.deep.equal([2, 2]);
    });
  }

  const records = ['', '{"web', 'null', '7', '[1, 2]', '{"webgpu":1}', '{"webgpu":"1","wasm":2}'];
  for (const time of ['0', '-1', '1e999', 'null']) records.push(`{"webgpu":1,"wasm":${time}}`);
  for (const record of records) {
    it(`is looked for again where the record is ${record || 'empty'}`, async () => {
      await place.take();
      const [[key, text]] = [...place.records] as [[string, string]];
      place.records.set(key, record);
      await place.take();
      expect([place.prepared, place.records.get(key)]).to.deep.equal([2, text]);
    });
  }

  it('is looked for each time where nothing can be kept', async () => {
    const fail = async (): Promise<never> => {
      throw new Error('not in private windows');
    };
    Object.assign(place.measuring.choices, { read: fail, write: fail });
    place.wasm.cost = 0.5;
    for (const count of [1, 2]) {
      expect((await place.take())[0]).to.equal('wasm');
      expect(place.prepared).to.equal(count);
    }
  });

  it('is looked for again on demand', async () => {
    await place.take();
    place.wasm.cost = 0.5;
    expect((await place.take())[0]).to.equal('webgpu');
    expect((await place.take({ measure: 'again' }))[0]).to.equal('wasm');
    expect((await place.take())[0]).to.equal('wasm');
  });

  it('is another one where the remembered one is not there any more', async () => {
    place.wasm.cost = 0.5;
    await place.take();
    place.wasm.failure = { at: 'start' };
    expect(await place.take()).to.deep.equal(['webgpu']);
  });

  const unmeasured: Readonly<Record<string, readonly [object, Device]>> = {
    'a device is named': [{ device: 'webgpu' }, 'webgpu'],
    'that is not wanted': [{ measure: 'never' }, 'webgpu'],
  };
  for (const [name, [options, device]] of Object.entries(unmeasured)) {
    it(`is not looked for where ${name}`, async () => {
      place.wasm.cost = 0.5;
      expect(await place.take(options)).to.deep.equal([device]);
      expect(place.prepared).to.equal(0);
    });
  }

  it('is not looked for where there is only one, or the platform does not measure', async () => {
    place.webgpu.failure = { at: 'refusal' };
    expect(await place.take()).to.deep.equal(['wasm', 'webgpu: it is not there']);
    const { drivers, elsewhere } = new FakePlace();
    await using device = await openFastest(place.workload, {}, { drivers, elsewhere });
    expect(device.device).to.equal('webgpu');
    expect(place.prepared).to.equal(0);
  });

  it('is refused with options that are none', async () => {
    const wrong: readonly object[] = [{ measure: 'sometimes' }, { threads: 0 }, { threads: 1.5 }];
    for (const options of wrong) {
      expect(await failure(openFastest(place.workload, options, place))).to.match(
        /^InputError: (measure|threads) must be/,
      );
    }
    const named = { device: 'tpu' as DeviceRequest };
    expect(await failure(openFastest(place.workload, named, place))).to.match(
      /^DeviceError: there is no device 'tpu' here; use one of: auto, webgpu, wasm$/,
    );
    expect(place.open).to.equal(0);
  });

  for (const call of [1, 2, 3, 30]) {
    it(`is given up at once when the signal says so, during call ${call}`, async () => {
      const controller = new AbortController();
      place.onCall = () => place.calls.length === call && controller.abort(new Error('the page is left'));
      const { signal } = controller;
      expect(await failure(openFastest(place.workload, { signal }, place))).to.equal('Error: the page is left');
      expect(place.calls.length).to.be.at.most(call + 10);
      expect([place.open, place.records.size]).to.deep.equal([0, 0]);
      expect(place.released).to.equal(2);
    });
  }

  it('is not looked for with files that could not be read', async () => {
    const prepare = async (): Promise<never> => {
      throw new Error('404');
    };
    expect(await failure(openFastest({ ...place.workload, prepare }, {}, place))).to.equal('Error: 404');
    expect(place.open).to.equal(0);
  });
});
