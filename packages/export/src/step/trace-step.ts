import { SignatureError, TraceMismatchError } from '../errors.js';
import { ignore, isThenable, nameOfKind } from '../export/signature.js';
import type { Dialect } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import { withoutState } from '../record/recurrent.js';
import { assertEqualReads, type Trace, type TracedVariable, trace } from '../record/trace.js';
import { unify } from '../record/unify.js';
import { tf } from '../tfjs.js';
import type { StepDefinition } from './definition.js';
import { type DeclaredHostInput, HostInputs } from './host-inputs.js';
import { withLayerNoise } from './layer-noise.js';
import type { CompiledOptimizers } from './optimizers.js';

export interface TracedStep {
  readonly trace: Trace;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly hostInputs: ReadonlyMap<string, DeclaredHostInput>;
  /** Operators that its graph may use. */
  readonly dialect: Dialect;
}

/** `withLines` keeps the user's line of each kernel, to tell where another trace differs, which takes time. In `makesSlots` the optimizers may do so. */
export type TraceKind = 'plain' | 'withLines' | 'makesSlots';

/** Records a step once. @throws SignatureError when a metric is not a scalar. */
export function traceStep(
  { inputs, step }: StepDefinition,
  optimizers: CompiledOptimizers,
  dialect: Dialect,
  kind: TraceKind = 'plain',
): TracedStep {
  const values: Record<string, Value> = {};
  let hostInputs: HostInputs | undefined;
  const traced = trace(
    (context) => {
      const host = new HostInputs(context);
      hostInputs = host;
      const batch: Record<string, tf.Tensor> = {};
      for (const [name, { shape, dtype = 'float32' }] of Object.entries(inputs)) {
        batch[name] = context.input(name, { shape, dtype });
        values[name] = context.recorded(batch[name]);
      }
      const run = (): Record<string, tf.Tensor> => metricsOf(withoutState(() => step(batch, host.random)));
      return optimizers.during(host, kind === 'makesSlots', () => withLayerNoise(host.random, run));
    },
    { dialect, ownVariables: true, lines: kind === 'withLines' },
  );
  refuseDtypes(traced);
  return { trace: traced, inputs: values, hostInputs: hostInputs!.declared, dialect };
}

/** The metrics that a step returned, as scalars of float32. Inside its trace. */
function metricsOf(returned: unknown): Record<string, tf.Tensor> {
  if (isThenable(returned)) {
    ignore(returned);
    throw new SignatureError(
      'an async step (one that returns a promise) cannot be compiled: return the metrics themselves',
    );
  }
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned) || returned instanceof tf.Tensor) {
    throw new SignatureError(`a step must return its metrics, scalar tensors by name, not ${kindOf(returned)}`);
  }
  for (const metric of Object.values(returned)) if (isThenable(metric)) ignore(metric);
  return Object.fromEntries(Object.entries(returned).map(([name, metric]) => [name, scalarOf(name, metric)]));
}

function scalarOf(name: string, metric: unknown): tf.Tensor {
  if (!(metric instanceof tf.Tensor)) {
    throw new SignatureError(`metric ${name} must be a scalar tensor, not ${kindOf(metric)}`, { name });
  }
  const { shape, dtype } = metric;
  if (shape.length > 0) throw new SignatureError(`metric ${name} must be a scalar, not [${shape}]`, { name, shape });
  if (metric.isDisposed) throw new SignatureError(`metric ${name} was disposed in the step that returns it`, { name });
  if (dtype === 'string' || dtype === 'complex64') {
    throw new SignatureError(`metric ${name} must be a number, not ${dtype}`, { name, dtype });
  }
  return tf.cast(metric, 'float32');
}

function kindOf(value: unknown): string {
  if (value instanceof tf.Tensor) return `a tensor [${value.shape}]`;
  if (Array.isArray(value)) return 'an array';
  return value === null || value === undefined ? `${value}` : nameOfKind(value);
}

/** Whether the step changes the variable. */
export const assigned = ({ before, after }: TracedVariable): boolean => before !== after;

/** The trace with the assigned variables among its outputs: the second trace must agree on them too. */
function withAssigned(traced: Trace): Trace {
  const next = traced.variables
    .filter(assigned)
    .map(({ variable, after }) => [`next ${variable.name}`, after] as const);
  return { ...traced, outputs: { ...traced.outputs, ...Object.fromEntries(next) } };
}

/** Refuses a step that makes variables which it changes whenever it runs: what they hold would be lost. */
export function refuseNewVariables(name: string, { variables }: Trace): void {
  const made = variables.find((traced) => traced.created && assigned(traced))?.variable.name;
  if (made === undefined) return;
  throw new SignatureError(
    `step ${name} makes a variable (${made}) anew whenever it runs; an optimizer or variable that the step changes must be made outside it`,
    { name, variable: made },
  );
}

/** Refuses a step without any effect. */
export function refuseIdle(name: string, traced: Trace): void {
  if (traced.variables.some(assigned) || Object.keys(traced.outputs).length > 0) return;
  throw new SignatureError(
    `step ${name} neither changes a variable nor returns a metric (what model.fit and trainOnBatch do is asynchronous, and can't be part of a step)`,
    { name },
  );
}

/** Refuses variables of a dtype that a state does not hold. */
function refuseDtypes({ variables }: Trace): void {
  const found = variables.find((traced) => assigned(traced) && traced.before.dtype === 'bool')?.variable;
  if (!found) return;
  throw new SignatureError(`the step changes variable ${found.name}, which is bool: make it float32 or int32`, {
    variable: found.name,
  });
}

/** Refuses two traces that differ: something random would be frozen into the step. */
export function assertEqualTraces(base: TracedStep, again: TracedStep): void {
  assertEqualReads(base.trace, again.trace);
  unify({ base: withAssigned(base.trace), again: withAssigned(again.trace), others: [], dimensions: [] });
  const [one, other] = [base, again].map(({ hostInputs }) => JSON.stringify([...hostInputs.values()].map(drawOf)));
  if (one !== other) throw new TraceMismatchError('traces of the step draw from different distributions');
}

/** A host input without the number that it has now. */
function drawOf({ input }: DeclaredHostInput): unknown {
  return input.kind === 'learningRate' ? input.kind : input;
}

/** A trace to compare later ones with, when the variables have other values: they are inputs of both. */
export function withoutValues(traced: TracedStep): TracedStep {
  for (const { variable, before } of traced.trace.variables) before.source = { kind: 'input', name: variable.name };
  return traced;
}
