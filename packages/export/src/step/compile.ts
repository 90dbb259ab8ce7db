import {
  type ComputeDevice,
  type DeviceOptions,
  InputError,
  openDevice,
  type Random,
  type Session,
  type Tensor,
} from '@onnx-forge/infer';
import { SignatureError } from '../errors.js';
import { type DType, topologicalOrder, type Value } from '../graph/value.js';
import type { Dialect } from '../lower/dialect.js';
import { encodeModel, type Port } from '../onnx/writer.js';
import { tf } from '../tfjs.js';
import { type Trace, type TracedVariable, trace } from '../trace.js';
import { unify } from '../unify.js';
import { type HostInput, HostInputs, type StepRandom } from './hostInputs.js';
import { CompiledOptimizers } from './optimizers.js';
import { dialectOf } from './providerDialect.js';
import { type StateEntry, type StateStore, stateStore, type TrainingState } from './state.js';

/** A batch's array: its shape is fixed when the step is compiled. */
export interface BatchType {
  readonly shape: readonly number[];
  /** Default float32. */
  readonly dtype?: Exclude<DType, 'int64'>;
}

/** A training step in tfjs code: loss, gradients, `optimizer.applyGradients`; it returns its metrics (scalars). */
export interface StepDefinition {
  readonly inputs: Readonly<Record<string, BatchType>>;
  readonly step: (batch: Record<string, tf.Tensor>, random: StepRandom) => Record<string, tf.Tensor>;
}

export interface CompileOptions extends DeviceOptions {
  /** Source of the steps' random numbers. Its state is the caller's to save. */
  readonly random: Random;
  /** Names of the variables in {@link CompiledTraining.state}; others (optimizer slots) are numbered. */
  readonly nameOf?: (variable: tf.Variable) => string | undefined;
}

export type Batch = Readonly<Record<string, Tensor['data']>>;

interface CompiledStep {
  readonly session: Session;
  readonly batch: Readonly<Record<string, BatchType>>;
  readonly hostInputs: ReadonlyMap<string, HostInput>;
  /** Variables that the graph reads. */
  readonly reads: readonly string[];
  /** Variables that it assigns, with the output that holds each. */
  readonly assigns: ReadonlyMap<string, string>;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

/** A step of a {@link compileTraining}, alone. */
export function compileStep(definition: StepDefinition, options: CompileOptions): Promise<CompiledTraining> {
  return compileTraining({ step: definition }, options);
}

/**
 * Compiles training steps into one ONNX graph each: variables, optimizer slots and batch-norm averages become inputs and
 * outputs, shared between the steps. The tf.Variables keep their values until {@link CompiledTraining.writeBack}.
 */
export async function compileTraining(
  steps: Readonly<Record<string, StepDefinition>>,
  options: CompileOptions,
): Promise<CompiledTraining> {
  const device = await openDevice(options);
  try {
    return await compileOn(device, steps, options);
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

async function compileOn(
  device: ComputeDevice,
  steps: Readonly<Record<string, StepDefinition>>,
  options: CompileOptions,
): Promise<CompiledTraining> {
  const dialect = await dialectOf(device);
  const optimizers = new CompiledOptimizers();
  const run = (definition: StepDefinition): TracedStep => traceStep(definition, options.random, optimizers, dialect);
  // The first trace of each step makes the optimizers' slots; the ones compiled find them in place.
  for (const definition of Object.values(steps)) run(definition);
  const traced = Object.entries(steps).map(([name, definition]) => {
    const [first, second] = [run(definition), run(definition)];
    unify({
      base: withAssigned(first.trace),
      again: withAssigned(second.trace),
      varied: [],
      check: undefined,
      dimensions: [],
      sizes: { base: [], varied: [], check: [] },
    });
    return { name, definition, ...first };
  });
  const names = new VariableNames(options.nameOf);
  const compiled = new Map<string, CompiledStep>();
  const initial: Record<string, StateEntry> = {};
  for (const { name, definition, trace, inputs, hostInputs } of traced) {
    const model = describeStep(
      name,
      trace,
      { ...inputs, ...hostValues(hostInputs) },
      names,
      initial,
      device.device === 'cpu',
    );
    const metrics = Object.fromEntries(
      Object.keys(trace.outputs).map((metric) => [
        metric,
        { type: 'float32', dims: [], data: new Float32Array(1) } as const,
      ]),
    );
    const session = await device.open(model.bytes, {
      name: `step ${name}`,
      resident: device.device === 'cpu' ? [] : [...model.assigns.values()],
    });
    compiled.set(name, {
      session,
      batch: definition.inputs,
      hostInputs,
      reads: model.reads,
      assigns: model.assigns,
      metrics,
    });
  }
  return new CompiledTraining(device, compiled, names.variables(), initial);
}

interface TracedStep {
  readonly trace: Trace;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly hostInputs: ReadonlyMap<string, HostInput>;
}

function traceStep(
  { inputs, step }: StepDefinition,
  random: Random,
  optimizers: CompiledOptimizers,
  dialect: Dialect,
): TracedStep {
  const values: Record<string, Value> = {};
  let hostInputs: HostInputs | undefined;
  const traced = trace((context) => {
    const host = new HostInputs(context);
    hostInputs = host;
    const batch: Record<string, tf.Tensor> = {};
    for (const [name, { shape, dtype = 'float32' }] of Object.entries(inputs)) {
      batch[name] = context.input(name, { shape, dtype });
      values[name] = context.recorded(batch[name]);
    }
    return optimizers.during(host, () => step(batch, host.random(random)));
  }, dialect);
  for (const [name, { shape }] of Object.entries(traced.outputs)) {
    if (shape.length > 0) throw new SignatureError(`metric ${name} must be a scalar, not [${shape}]`, { name, shape });
  }
  return { trace: traced, inputs: values, hostInputs: hostInputs!.declared };
}

const assigned = ({ before, after }: TracedVariable): boolean => before !== after;

/** The trace with the assigned variables among its outputs: the second trace must agree on them too. */
function withAssigned(traced: Trace): Trace {
  const next = traced.variables
    .filter(assigned)
    .map(({ variable, after }) => [`next ${variable.name}`, after] as const);
  return { ...traced, outputs: { ...traced.outputs, ...Object.fromEntries(next) } };
}

function hostValues(hostInputs: ReadonlyMap<string, HostInput>): Record<string, Value> {
  return Object.fromEntries([...hostInputs].map(([name, { value }]) => [name, value]));
}

/** Stable names for the variables: the caller's, or a number in the order of their making. */
class VariableNames {
  readonly #names = new Map<tf.Variable, string>();
  readonly #nameOf: (variable: tf.Variable) => string | undefined;

  constructor(nameOf: CompileOptions['nameOf']) {
    this.#nameOf = nameOf ?? (() => undefined);
  }

  of(variable: tf.Variable): string {
    const known = this.#names.get(variable);
    if (known) return known;
    const name =
      this.#nameOf(variable) ?? `slot/${[...this.#names.values()].filter((n) => n.startsWith('slot/')).length}`;
    this.#names.set(variable, name);
    return name;
  }

  variables(): Map<string, tf.Variable> {
    return new Map([...this.#names].map(([variable, name]) => [name, variable]));
  }
}

interface StepModel {
  readonly bytes: Uint8Array;
  readonly reads: readonly string[];
  readonly assigns: ReadonlyMap<string, string>;
}

/** Turns the variables that the step reads into graph inputs and those it assigns into outputs. */
function describeStep(
  name: string,
  traced: Trace,
  inputs: Readonly<Record<string, Value>>,
  names: VariableNames,
  initial: Record<string, StateEntry>,
  noCopy: boolean,
): StepModel {
  const changed = traced.variables.filter(assigned);
  const metrics: Port[] = Object.entries(traced.outputs).map(([metric, value]) => ({ name: metric, value }));
  const needed = reachable([...metrics.map(({ value }) => value), ...changed.map(({ after }) => after)]);
  const read = traced.variables.filter(({ before }) => needed.has(before));
  const ports: Port[] = Object.entries(inputs).flatMap(([port, value]) =>
    needed.has(value) ? [{ name: port, value }] : [],
  );
  for (const { variable, before } of new Set([...read, ...changed])) {
    const key = names.of(variable);
    if (before.source.kind === 'constant' && !(key in initial)) {
      initial[key] = { shape: before.shape, data: before.source.data().slice() as Float32Array };
    }
  }
  for (const { variable, before } of read) {
    const key = names.of(variable);
    before.source = { kind: 'input', name: key };
    ports.push({ name: key, value: before });
  }
  const assigns = new Map(changed.map(({ variable }) => [names.of(variable), `next/${names.of(variable)}`]));
  const outputs = [
    ...metrics,
    ...changed.map(({ variable, after }) => ({ name: assigns.get(names.of(variable))!, value: after })),
  ];
  return {
    bytes: encodeModel({ name, inputs: ports, outputs, noCopy }),
    reads: read.map(({ variable }) => names.of(variable)),
    assigns,
  };
}

function reachable(outputs: readonly Value[]): Set<Value> {
  const values = new Set(outputs);
  for (const node of topologicalOrder(outputs)) for (const input of node.inputs) if (input) values.add(input);
  return values;
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
