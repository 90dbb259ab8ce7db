import type { BatchArrays, BatchSpec } from '../arrays/batch.js';
import type { TrainingState } from '../arrays/state.js';
import { ARRAYS, describe, sizeOf, type Tensor } from '../arrays/tensor.js';
import type { ComputeDevice, Session } from '../device/types.js';
import { InputError } from '../errors.js';
import { fillHostInput, type HostInput, type StepGraph } from '../manifest/step-graph.js';
import type { Random } from '../random.js';
import { kindOf, typedArrayKind } from '../typed-array.js';
import { type StateStore, type StepVariables, stateStore, stepVariables } from './state.js';
import { UNFIT_REWRITES } from './unfit-rewrites.js';

export interface OpenStep {
  readonly graph: StepGraph;
  readonly session: Session;
}

interface ReadyStep extends OpenStep {
  readonly hosted: readonly { readonly input: HostInput; readonly tensor: Tensor & { readonly data: Float32Array } }[];
  readonly metrics: Readonly<Record<string, Tensor>>;
  readonly variables: StepVariables;
}

/** Opens a step's graph so that a {@link StepRunner} of the same device can run it. */
export async function openStep(
  device: ComputeDevice,
  name: string,
  bytes: Uint8Array,
  graph: StepGraph,
): Promise<OpenStep> {
  const options =
    device.device === 'cpu' ? { withoutRewrites: UNFIT_REWRITES } : { resident: Object.values(graph.assigns) };
  return { graph, session: await device.open(bytes, { name, ...options }) };
}

/** Runs the graphs of training steps on the state that they share. Not for concurrent calls of `run`. */
export class StepRunner {
  readonly device: ComputeDevice;
  readonly #steps: ReadonlyMap<string, ReadyStep>;
  readonly #random: Random;
  readonly #state: StateStore;

  constructor(
    device: ComputeDevice,
    steps: Readonly<Record<string, OpenStep>>,
    initial: TrainingState,
    random: Random,
  ) {
    this.device = device;
    this.#steps = new Map(Object.entries(steps).map(([name, step]) => [name, ready(step)]));
    this.#random = random;
    this.#state = stateStore(device, initial);
  }

  /** The step's graph. @throws InputError that lists the steps when there is none of that name */
  graph(name: string): StepGraph {
    return this.#step(name).graph;
  }

  /** Runs one step on one batch; returns its metrics. @throws InputError for an unknown step, a missing array, one of another type or size */
  async run(name: string, batch: BatchArrays, learningRateFactor = 1): Promise<Record<string, number>> {
    const { graph, session, hosted, metrics, variables } = this.#step(name);
    const feeds: Record<string, Tensor> = {};
    if (learningRateFactor !== 1 && !hosted.some(({ input }) => input.kind === 'learningRate')) {
      throw new InputError(`step ${name} has no learning rate that a factor could change`, {
        name,
        learningRateFactor,
      });
    }
    for (const [input, entry] of Object.entries(graph.batch)) {
      feeds[input] = arrayFor(`step ${name}`, input, entry, batch[input]);
    }
    for (const { input, tensor } of hosted) {
      fillHostInput(input, tensor.data, this.#random, learningRateFactor);
      // Drawn all the same when nothing depends on it: the numbers after it must not change.
      if (session.inputNames.includes(input.name)) feeds[input.name] = tensor;
    }
    await this.#state.run(session, feeds, variables, metrics);
    return Object.fromEntries(Object.entries(metrics).map(([metric, { data }]) => [metric, Number(data[0])]));
  }

  /** A copy of every variable and optimizer slot. */
  state(): Promise<TrainingState> {
    return this.#state.read();
  }

  /** Replaces the state. @throws InputError when a variable is missing or has another shape */
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

  /** Frees the state alone: the device is another's. */
  release(): void {
    this.#state.dispose();
  }

  async dispose(): Promise<void> {
    this.release();
    await this.device.dispose();
  }

  #step(name: string): ReadyStep {
    const step = this.#steps.get(name);
    if (step) return step;
    throw new InputError(`there is no step '${name}'; steps: ${[...this.#steps.keys()].join(', ')}`, { name });
  }
}

/** @throws InputError unless the array is of the entry's type and size */
function arrayFor(step: string, name: string, { dtype, shape }: BatchSpec, data: unknown): Tensor {
  const wanted = `'${name}' in its batch: ${describe(dtype, shape)}`;
  if (data === undefined || data === null) throw new InputError(`${step} needs ${wanted}`, { name });
  const size = sizeOf(shape);
  if (!isArrayOf(data, dtype)) {
    throw new InputError(`${step} needs ${wanted} as a ${ARRAYS[dtype].name} of ${size}, not ${kindOf(data)}`, {
      name,
    });
  }
  if (data.length !== size) {
    throw new InputError(`${step} needs ${wanted} (${size} numbers), not ${data.length} numbers`, {
      name,
      size,
      found: data.length,
    });
  }
  return { type: dtype, dims: shape, data };
}

function isArrayOf(data: unknown, dtype: Tensor['type']): data is Tensor['data'] {
  return typedArrayKind(data) === ARRAYS[dtype].name;
}

/** The step with arrays for what goes in and out in every call. */
function ready(step: OpenStep): ReadyStep {
  const { hostInputs, metrics } = step.graph;
  return {
    ...step,
    variables: stepVariables(step.graph),
    hosted: hostInputs.map((input) => {
      const { shape } = input;
      return { input, tensor: { type: 'float32', dims: shape, data: new Float32Array(sizeOf(shape)) } };
    }),
    metrics: Object.fromEntries(
      metrics.map((metric) => [metric, { type: 'float32', dims: [], data: new Float32Array(1) } as const]),
    ),
  };
}
