import { SignatureError } from '../errors.js';
import type { Value } from '../graph/value.js';
import type { Dialect } from '../lower/dialect.js';
import { withoutState } from '../record/recurrent.js';
import type { tf } from '../tfjs.js';
import { assertEqualReads, type Trace, type TracedVariable, trace } from '../trace.js';
import { unify } from '../unify.js';
import type { StepDefinition } from './definition.js';
import { type DeclaredHostInput, HostInputs } from './hostInputs.js';
import type { CompiledOptimizers } from './optimizers.js';

export interface TracedStep {
  readonly trace: Trace;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly hostInputs: ReadonlyMap<string, DeclaredHostInput>;
  /** What its graph may be made of. */
  readonly dialect: Dialect;
}

/** Records a step once. @throws SignatureError when a metric is not a scalar. */
export function traceStep(
  { inputs, step }: StepDefinition,
  optimizers: CompiledOptimizers,
  dialect: Dialect,
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
      return optimizers.during(host, () => withoutState(() => step(batch, host.random)));
    },
    { dialect },
  );
  for (const [name, { shape }] of Object.entries(traced.outputs)) {
    if (shape.length > 0) throw new SignatureError(`metric ${name} must be a scalar, not [${shape}]`, { name, shape });
  }
  return { trace: traced, inputs: values, hostInputs: hostInputs!.declared, dialect };
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

/** Refuses two traces that differ: something random would be frozen into the step. */
export function assertEqualTraces(base: Trace, again: Trace): void {
  assertEqualReads(base, again);
  unify({ base: withAssigned(base), again: withAssigned(again), others: [], dimensions: [] });
}
