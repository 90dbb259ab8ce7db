import { type ComputeDevice, InputError, type Session, type Tensor } from '@onnx-forge/infer';
import { tf } from '../tfjs.js';
import type { Batch, BatchType } from './definition.js';
import type { HostInput } from './hostInputs.js';
import { type StateStore, stateStore, type TrainingState } from './state.js';

/** One step, ready to run. */
export interface CompiledStep {
  readonly session: Session;
  readonly batch: Readonly<Record<string, BatchType>>;
  readonly hostInputs: ReadonlyMap<string, HostInput>;
  /** Variables that the graph reads. */
  readonly reads: readonly string[];
  /** Variables that it assigns, with the output that holds each. */
  readonly assigns: ReadonlyMap<string, string>;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

/** Compiled training steps with their shared state. Not for concurrent calls of `run`. */
export class CompiledTraining {
  readonly #device: ComputeDevice;
  readonly #steps: ReadonlyMap<string, CompiledStep>;
  readonly #variables: ReadonlyMap<string, tf.Variable>;
  readonly #state: StateStore;

  constructor(
    device: ComputeDevice,
    steps: ReadonlyMap<string, CompiledStep>,
    variables: ReadonlyMap<string, tf.Variable>,
    initial: TrainingState,
  ) {
    this.#device = device;
    this.#steps = steps;
    this.#variables = variables;
    this.#state = stateStore(device, initial);
  }

  /** The device granted, and why others were not. */
  get device(): Pick<ComputeDevice, 'device' | 'refused'> {
    return this.#device;
  }

  /** Runs one step on one batch; returns its metrics. @throws InputError for an unknown step or a missing array. */
  async run(name: string, batch: Batch): Promise<Record<string, number>> {
    const step = this.#steps.get(name);
    if (!step)
      throw new InputError(`there is no step '${name}'; steps: ${[...this.#steps.keys()].join(', ')}`, { name });
    const feeds: Record<string, Tensor> = {};
    for (const [input, { shape, dtype = 'float32' }] of Object.entries(step.batch)) {
      const data = batch[input];
      if (!data) throw new InputError(`step ${name} needs '${input}' in its batch`, { name, input });
      if (step.session.inputNames.includes(input)) feeds[input] = { type: dtype, dims: shape, data };
    }
    for (const [input, { tensor, write }] of step.hostInputs) {
      write(tensor.data);
      if (step.session.inputNames.includes(input)) feeds[input] = tensor;
    }
    await this.#state.run(step.session, { ...feeds, ...this.#state.current(step.reads) }, step.assigns, step.metrics);
    return Object.fromEntries(Object.entries(step.metrics).map(([metric, { data }]) => [metric, Number(data[0])]));
  }

  /** A copy of every variable and optimizer slot. */
  state(): Promise<TrainingState> {
    return this.#state.read();
  }

  /** Replaces the state. @throws InputError when a variable is missing or has another shape. */
  async restore(state: TrainingState): Promise<void> {
    for (const [name, { shape }] of Object.entries(await this.#state.read())) {
      const given = state[name];
      if (!given) throw new InputError(`the checkpoint lacks '${name}' [${shape}]`, { name, shape });
      if (given.shape.join() !== shape.join()) {
        throw new InputError(`'${name}' is [${given.shape}] in the checkpoint but [${shape}] in the model`, {
          name,
          shape,
        });
      }
    }
    this.#state.write(state);
  }

  /** Copies the current values into the tf.Variables (to export or to inspect them). Slots of a compiled Adam stay unscaled. */
  async writeBack(): Promise<void> {
    const state = await this.#state.read();
    for (const [name, variable] of this.#variables) {
      const entry = state[name];
      if (!entry || variable.isDisposed) continue;
      const value = tf.tensor(entry.data, [...entry.shape], variable.dtype as 'float32');
      variable.assign(value);
      value.dispose();
    }
  }

  async dispose(): Promise<void> {
    this.#state.dispose();
    await this.#device.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
