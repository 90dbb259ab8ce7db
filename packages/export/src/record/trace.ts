import {
  LoweringError,
  SignatureError,
  TracedReadError,
  type UnsupportedKernel,
  UnsupportedKernelError,
} from '../errors.js';
import { input } from '../graph/build.js';
import { type Dialect, STANDARD } from '../graph/dialect.js';
import { type ConstantData, constantData, type DType, storedData, Value } from '../graph/value.js';
import { callingLine, type Place, userLine } from '../place.js';
import { tf } from '../tfjs.js';
import { frozenRandomness, withDrawsNoted } from './drawn-constants.js';
import { Fields } from './fields.js';
import { isolateEngine, override, withoutKernelSetup } from './isolation.js';
import type { KernelCall, KernelLog, VaryingAxes } from './kernel-log.js';
import { registerLowerings, registerStandIns } from './kernels.js';
import { KnownValues } from './known-values.js';
import { followLayers } from './layers.js';
import type { Loop, LoopState } from './loop-description.js';
import type { OneNode } from './one-node-description.js';
import { type ForeignContents, RecordingBackend } from './recorder.js';

const TRACE_BACKEND = 'onnx-trace';

export interface TensorType {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A variable that the traced function met: its value before, and the one assigned last. */
export interface TracedVariable {
  readonly variable: tf.Variable;
  readonly before: Value;
  readonly after: Value;
  /** Made by the function itself (an optimizer's slot). */
  readonly created: boolean;
}

export interface Trace {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly variables: readonly TracedVariable[];
  /** The constants that numbers read while tracing depend on. */
  readonly read: readonly ConstantData[];
  readonly log: KernelLog;
}

export interface TraceOptions {
  readonly dialect?: Dialect;
  /** Which axes of the kernels' outputs are known to vary with a free dimension. */
  readonly varying?: VaryingAxes;
  readonly foreign?: ForeignContents;
  /**
   * Every variable has a value of its own: a training step changes it, and not the tensor or variable that it began with,
   * whose data tfjs lets it share until then.
   */
  readonly ownVariables?: boolean;
  /** Records a loop as one node; absent: loops are unrolled. */
  readonly loops?: (context: TraceContext, loop: Loop) => LoopState;
  /** Records an operator that stands for tfjs code; absent: the code itself is recorded. */
  readonly nodes?: (context: TraceContext, node: OneNode) => tf.Tensor[];
  /** Names of weights in the graph that is made. */
  readonly nameOf?: ((variable: tf.Variable) => string | undefined) | undefined;
  /** One of many traces of a function: the user's lines and kernels are known from the first, which takes time. */
  readonly further?: boolean;
  /** Whether the user's line of each kernel is kept, which takes time; default true. A refusal of this trace itself tells it all the same. */
  readonly lines?: boolean;
}

/** Services for a traced function beside tfjs: it can declare further inputs. */
export interface TraceContext {
  /** A tensor that the graph is fed with. */
  input(name: string, type: TensorType): tf.Tensor;
  /** The recorded value behind a tensor. */
  recorded(tensor: tf.Tensor): Value;
  /** A tensor for a recorded value. */
  tensor(value: Value): tf.Tensor;
  /** Puts into the log what no kernel did. */
  note(what: string, inputs: readonly Value[], outputs: readonly Value[]): void;
  /** The result of a function, without its kernels in the log. */
  unnoted<T>(f: () => T): T;
}

/**
 * Runs `f` once on the recording backend. Synchronous from the first to the last line, so nothing else can slip in;
 * afterwards variables, tensors and tfjs's engine are as before, whether it fails or not.
 * @throws UnsupportedKernelError listing every kernel without a lowering; TracedReadError when a value is read.
 */
export function trace(
  f: (context: TraceContext) => Record<string, tf.Tensor>,
  {
    dialect = STANDARD,
    varying = [],
    foreign,
    ownVariables = false,
    loops,
    nodes,
    nameOf,
    further = false,
    lines = !further,
  }: TraceOptions = {},
): Trace {
  const engine = tf.engine();
  tf.backend(); // nothing may have needed one before
  const home = engine.backendName;
  if (home === TRACE_BACKEND) {
    throw new SignatureError('a function that is being traced can neither export nor compile; do that outside');
  }
  const known = new KnownValues();
  const existing = Object.values(engine.state.registeredVariables);
  const fields = new Fields();
  const layers = followLayers();
  const place = (): Place => {
    const [layer, at] = [layers.current(), userLine()];
    return { ...(layer && { layer }), ...(at && { at }) };
  };
  const log: KernelCall[] = [];
  const unsupported: UnsupportedKernel[] = [];
  let awaited: TracedReadError | undefined;
  let noting = true;
  const recorder = new RecordingBackend(
    {
      read: ([value]) => {
        // Told when the function has returned: nobody may be waiting for this promise, which never settles.
        awaited ??= new TracedReadError(value!.dtype, value!.shape, place());
        return new Promise(() => {});
      },
      readSync: (value) => {
        const data = known.read(value) ?? storedData(value);
        if (!data) throw new TracedReadError(value.dtype, value.shape, place());
        return data;
      },
    },
    {
      dialect,
      ...(foreign && { foreign }),
      onKernel: (kernel, inputs, attrs, outputs) => {
        if (!noting) return;
        const [layer, line] = [layers.current(), lines ? callingLine() : () => undefined];
        for (const [o, axes] of (varying[log.length] ?? []).entries()) {
          const output = outputs[o];
          if (axes.size > 0 && output instanceof Value) output.varying = axes;
        }
        known.add(kernel, inputs, attrs, outputs);
        log.push({ kernel, inputs, attrs, outputs, layer, line });
      },
      onUnsupported: (kernel, inputs) => unsupported.push({ kernel, inputs, ...place() }),
      onFault: (kernel, inputs, cause) => {
        throw new LoweringError({ kernel, inputs, ...place() }, cause);
      },
    },
  );
  const run = withDrawsNoted(f, (tensor) => recorder.recorded(tensor), place);
  registerLowerings(TRACE_BACKEND);
  if (!further) registerStandIns(TRACE_BACKEND);
  const created: { variable: tf.Variable; before: Value }[] = [];
  const { makeVariable } = engine;
  const giveBack = override(engine, 'makeVariable', (...args) => {
    const variable = makeVariable.apply(engine, args);
    const before = recorder.recorded(variable);
    known.exclude(before);
    created.push({ variable, before });
    return variable;
  });
  tf.registerBackend(TRACE_BACKEND, () => recorder);
  const restoreEngine = isolateEngine();
  let finished = false;
  engine.startScope('trace');
  try {
    withoutKernelSetup(() => void tf.setBackend(TRACE_BACKEND));
    if (ownVariables) {
      for (const variable of existing) {
        variable.dataId = engine.makeTensorFromTensorInfo(recorder.separate(variable)).dataId;
      }
    }
    const before = existing.map((variable) => recorder.recorded(variable));
    for (const value of before) known.exclude(value);
    const tensor = (value: Value): tf.Tensor => engine.makeTensorFromTensorInfo(recorder.adopt(value));
    const context: TraceContext = {
      input: (name, { shape, dtype }) => tensor(input(name, dtype, shape)),
      recorded: (tensor) => recorder.recorded(tensor),
      tensor,
      note: (what, inputs, outputs) => recorder.onKernel?.(what, { values: inputs }, {}, outputs),
      unnoted: (f) => {
        const before = noting;
        noting = false;
        try {
          return f();
        } finally {
          noting = before;
        }
      },
    };
    if (loops) recorder.recordLoop = (loop) => loops(context, loop);
    recorder.nameOf = nameOf;
    if (nodes) recorder.recordNode = (node) => nodes(context, node);
    const result = run(context);
    if (unsupported.length > 0) throw new UnsupportedKernelError(unsupported);
    if (awaited) throw awaited;
    const outputs = Object.fromEntries(
      Object.entries(result).map(([name, tensor]) => [name, recorder.recorded(tensor)]),
    );
    for (const { variable, before } of created) assertConstant(variable, before);
    const variables = [
      ...existing.map((variable, i) => ({
        variable,
        before: before[i]!,
        after: recorder.recorded(variable),
        created: false,
      })),
      ...created.map(({ variable, before }) => ({
        variable,
        before,
        after: recorder.recorded(variable),
        created: true,
      })),
    ];
    const changed = variables.filter(({ before, after }) => before !== after);
    recorder.settle([...Object.values(outputs), ...changed.flatMap(({ before, after }) => [before, after])]);
    finished = true;
    return { outputs, variables, read: known.leaves, log };
  } catch (error) {
    throw unsupported.length > 0 ? new UnsupportedKernelError(unsupported) : error;
  } finally {
    layers.stop();
    giveBack();
    if (!finished) for (const { variable } of created) withdraw(variable);
    restoreEngine();
    withoutKernelSetup(() => void tf.setBackend(home));
    fields.stop();
    fields.restoreTensors();
    if (finished) for (const { variable, before } of created) settle(variable, before);
    withoutKernelSetup(() => tf.removeBackend(TRACE_BACKEND));
  }
}

/** @throws SignatureError for a variable that has no number to begin with. */
function assertConstant(variable: tf.Variable, before: Value): void {
  if (variable.isDisposed || before.source.kind === 'constant') return;
  throw new SignatureError(
    `variable ${variable.name} was made inside a traced function from computed values; make it outside`,
    { variable: variable.name },
  );
}

/** Disposes a variable that was made in a trace that fails, but not the data of a tensor that it began with. */
function withdraw(variable: tf.Variable): void {
  variable.dataId = {};
  variable.dispose();
}

/** Gives a variable that was made while tracing its initial numbers on an ordinary backend. */
function settle(variable: tf.Variable, before: Value): void {
  if (variable.isDisposed) return;
  const initial = tf.tensor(constantData(before) as Float32Array, [...before.shape], before.dtype as 'float32');
  variable.dataId = {};
  variable.assign(initial);
  initial.dispose();
  tf.engine().state.registeredVariables[variable.name] = variable;
}

/** Constants keep a variable's name, so that an exported graph's weights can be recognised. */
export function named(value: Value, name: string): Value {
  if (value.source.kind === 'constant') value.source = { ...value.source, name };
  return value;
}

/**
 * Two traces at equal sizes must have read equal numbers.
 * @throws TraceMismatchError when they differ.
 */
export function assertEqualReads(base: Trace, again: Trace): void {
  const same = base.read.length === again.read.length && base.read.every((data, i) => equalData(data, again.read[i]!));
  if (same) return;
  throw frozenRandomness('a number that the function reads');
}

function equalData(a: ConstantData, b: ConstantData): boolean {
  return a === b || (a.length === b.length && a.every((v: number | bigint, i: number) => Object.is(v, b[i])));
}
