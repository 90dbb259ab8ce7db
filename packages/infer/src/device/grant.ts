import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import type { platform } from '#platform';
import type { DataType, Tensor } from '../arrays/tensor.js';
import { DeviceError, DisposedError, GraphError, InputError } from '../errors.js';
import { isShared, kindOf, typedArrayKind } from '../typed-array.js';
import { COUNT, checked } from '../value-rule.js';
import type { Driver, Runtime } from './driver.js';
import { identityModel } from './identity.js';
import { SerialQueue } from './queue.js';
import { OnnxSession } from './session.js';
import type { ComputeDevice, Device, DeviceOptions, DeviceRequest, GraphOptions, Refusal, Session } from './types.js';

/** `openDevice` of a platform. Apart from it, since onnxruntime's types are no part of the public ones. */
export async function grantDevice(options: DeviceOptions, place: Place): Promise<ComputeDevice> {
  const request = options.device ?? 'auto';
  const refused: Refusal[] = [];
  for (const driver of candidates(request, place)) {
    const attempt = await tryDriver(driver, options, refused, request === 'auto');
    if (typeof attempt !== 'string') return attempt;
    refused.push({ device: driver.device, reason: attempt });
  }
  const reasons = refused
    .map(({ device, reason }) => (request === 'auto' ? `${device}: ${reason}` : reason))
    .join('; ');
  throw new DeviceError('device-unavailable', `device '${request}' is not available here: ${reasons}`, {
    request,
    refused,
  });
}

/** The devices of a platform. */
type Place = Pick<typeof platform, 'drivers' | 'elsewhere'>;

function candidates(request: DeviceRequest, { drivers, elsewhere }: Place): readonly Driver[] {
  if (request === 'auto') return drivers;
  const named = drivers.filter((driver) => driver.device === request);
  if (named.length > 0) return named;
  const reason = Object.hasOwn(elsewhere, request) ? elsewhere[request] : undefined;
  if (reason !== undefined) {
    const refused = [{ device: request, reason }];
    throw new DeviceError('device-unavailable', `device '${request}' is not available here: ${reason}`, {
      request,
      refused,
    });
  }
  const known = ['auto', ...drivers.map((driver) => driver.device)].join(', ');
  throw new DeviceError('device-unknown', `there is no device '${request}' here; use one of: ${known}`, { request });
}

/** The device, or the reason why not. @throws InputError for options that no device takes */
export async function tryDriver(
  driver: Driver,
  options: DeviceOptions,
  refused: readonly Refusal[],
  preferred: boolean,
): Promise<ComputeDevice | string> {
  checkThreads(options.threads);
  try {
    const refusal = await driver.refusal(preferred);
    if (refusal) return refusal;
    const device = new OnnxDevice(driver, await driver.runtime(options), options, [...refused]);
    await device.probe();
    return device;
  } catch (error) {
    if (error instanceof InputError) throw error;
    return driver.explain(error);
  }
}

class OnnxDevice implements ComputeDevice {
  readonly refused: readonly Refusal[];
  readonly #driver: Driver;
  readonly #runtime: Runtime;
  readonly #options: DeviceOptions;
  readonly #queue: SerialQueue;
  readonly #sessions: Session[] = [];
  /** Copy what lies on the device to main memory, one per element type: onnxruntime-node has no download of its own. */
  readonly #readers = new Map<DataType, Promise<InferenceSession>>();
  /** The probe's session, until a graph is open: WebGPU's device lives only while there is a session. */
  #probed: InferenceSession | undefined;
  #disposed = false;

  constructor(driver: Driver, runtime: Runtime, options: DeviceOptions, refused: readonly Refusal[]) {
    this.#driver = driver;
    this.#runtime = runtime;
    this.#queue = runtime.queue ?? new SerialQueue();
    this.#options = options;
    this.refused = refused;
  }

  get device(): Device {
    return this.#driver.device;
  }

  /** Throws what onnxruntime throws when the device can't be had. */
  async probe(): Promise<void> {
    const start = this.#runtime.start ?? ((create) => create());
    const create = (): Promise<InferenceSession> => this.#session(identityModel('float32'), {});
    this.#probed = await this.#queue.run(() => start(create, (late) => late.release()));
  }

  async open(model: Uint8Array, options: GraphOptions = {}): Promise<Session> {
    if (this.#disposed) throw new DisposedError(`the ${this.device} device`);
    const name = options.name ?? 'the graph';
    if (typedArrayKind(model) !== 'Uint8Array') {
      throw new InputError(`${name} must be a Uint8Array, the bytes of an ONNX file; not ${kindOf(model)}`);
    }
    const resident = this.device === 'webgpu' ? (options.resident ?? []) : []; // elsewhere onnxruntime returns main memory
    const onDevice = Object.fromEntries(resident.map((output) => [output, 'gpu-buffer' as const]));
    const externalData = Object.entries(options.externalData ?? {}).map(([path, data]) => ({ path, data }));
    const bytes = isShared(model) ? model.slice() : model; // Node's onnxruntime does not take shared memory
    const created = this.#create(bytes, {
      graphOptimizationLevel: options.optimization ?? 'all',
      logSeverityLevel: 4, // our errors carry the message; onnxruntime would print it a second time
      ...(externalData.length > 0 ? { externalData } : {}),
      ...(resident.length > 0 ? { preferredOutputLocation: onDevice } : {}),
      extra: extraOf(options),
      ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
    });
    const session = await created.catch((error: unknown) => {
      throw cannotOpen(name, this.device, this.#driver.explain(error), error);
    });
    const context = {
      device: this.device,
      refused: this.refused,
      runtime: this.#runtime,
      queue: this.#queue,
      explain: this.#driver.explain,
      name,
      resident,
      profiling: options.profile !== undefined,
      readBack: (tensor: OrtTensor, type: DataType) => this.#readBack(tensor, type),
    };
    try {
      const opened = new OnnxSession(session, context);
      this.#sessions.push(opened);
      await this.#releaseProbed();
      return opened;
    } catch (error) {
      await this.#queue.run(() => session.release());
      throw error;
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#releaseProbed();
    await Promise.all(this.#sessions.map((session) => session.dispose()));
    const readers = await Promise.all(this.#readers.values());
    this.#readers.clear();
    await this.#queue.run(async () => {
      for (const reader of readers) await reader.release();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #releaseProbed(): Promise<void> {
    const probed = this.#probed;
    this.#probed = undefined;
    if (probed) await this.#queue.run(() => probed.release());
  }

  #create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
    return this.#queue.run(() => this.#session(model, options));
  }

  #session(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
    const own = this.#driver.options(this.#options);
    const extra = { ...own.extra, ...options.extra, session: { ...sessionOf(own), ...sessionOf(options) } };
    return this.#runtime.InferenceSession.create(model, { ...own, ...options, extra });
  }

  async #readBack(tensor: OrtTensor, type: DataType): Promise<Tensor> {
    let pending = this.#readers.get(type);
    if (!pending) {
      pending = this.#create(identityModel(type), {});
      this.#readers.set(type, pending);
    }
    const reader = await pending;
    const { y } = await this.#queue.run(() => reader.run({ x: tensor }));
    const copy = y as OrtTensor;
    return { type, dims: copy.dims, data: copy.data as Tensor['data'] };
  }
}

/** Settings that onnxruntime knows by their keys alone. */
function extraOf({ strictPlacement, withoutRewrites = [] }: GraphOptions): Record<string, unknown> {
  return {
    ...(strictPlacement && { session: { disable_cpu_ep_fallback: '1' } }),
    ...(withoutRewrites.length > 0 && { optimization: { disable_specified_optimizers: withoutRewrites.join(';') } }),
  };
}

function sessionOf({ extra }: InferenceSession.SessionOptions): object {
  return (extra?.session as object | undefined) ?? {};
}

function cannotOpen(name: string, device: Device, reason: string, error: unknown): GraphError {
  if (/protobuf|data pointer is null|no graph/i.test(reason)) {
    return new GraphError(
      'not-onnx',
      `${name} is not an ONNX model (damaged, truncated, or another kind of file)`,
      {},
      { cause: error },
    );
  }
  return new GraphError('graph-open', `${name} can't be opened on ${device}: ${reason}`, { device }, { cause: error });
}

function checkThreads(threads: number | undefined): void {
  if (threads !== undefined) checked('threads', threads, COUNT);
}
