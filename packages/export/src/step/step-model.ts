import type { StateArray } from '@onnx-forge/infer';
import { SignatureError } from '../errors.js';
import { multiplyAdds } from '../graph/arithmetic.js';
import { exactSigmoids } from '../graph/exact-sigmoids.js';
import { neededBy, topologicalOrder, type Value } from '../graph/value.js';
import { type Port, writeModel } from '../onnx/writer.js';
import { simplify } from '../simplify/simplify.js';
import type { tf } from '../tfjs.js';
import type { CompileOptions } from './definition.js';
import { inPlace } from './in-place.js';
import { assigned, type TracedStep } from './trace-step.js';

/** Stable names for the variables: the caller's, or a number in the order of their making. */
export class VariableNames {
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

export interface StepDescription {
  readonly bytes: Uint8Array;
  /** Names of the batch's arrays that anything depends on. */
  readonly batch: readonly string[];
  readonly reads: readonly string[];
  readonly assigns: ReadonlyMap<string, string>;
  readonly inPlace: readonly string[];
  /** Of its products and convolutions. */
  readonly multiplyAdds: number;
}

/** Turns the variables that the step reads into graph inputs and those it assigns into outputs. */
export function describeStep(
  name: string,
  { trace: traced, inputs, hostInputs, dialect }: TracedStep,
  names: VariableNames,
  initial: Record<string, StateArray>,
  noCopy: boolean,
): StepDescription {
  const changed = traced.variables.filter(assigned);
  const metrics: Port[] = Object.entries(traced.outputs).map(([metric, value]) => ({ name: metric, value }));
  const needed = reachable([...metrics.map(({ value }) => value), ...changed.map(({ after }) => after)]);
  const read = traced.variables.filter(({ before }) => needed.has(before));
  const fed = [...Object.entries(inputs), ...[...hostInputs].map(([port, { value }]) => [port, value] as const)];
  const ports: Port[] = fed.flatMap(([port, value]) => (needed.has(value) ? [{ name: port, value }] : []));
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
  refuseEqualNames(name, [...ports, ...outputs]);
  exactSigmoids(outputs.map(({ value }) => value));
  const { values: simplified } = simplify(
    outputs.map(({ value }) => value),
    dialect,
  );
  const updates = changed.map(({ variable, before }, i) => {
    return { name: names.of(variable), before, after: simplified[metrics.length + i]! };
  });
  return {
    bytes: writeModel(
      { name, inputs: ports, outputs: outputs.map((port, i) => ({ ...port, value: simplified[i]! })), noCopy },
      { above: Number.POSITIVE_INFINITY },
    ).bytes,
    batch: Object.keys(inputs).filter((name) => needed.has(inputs[name]!)),
    reads: read.map(({ variable }) => names.of(variable)),
    assigns,
    inPlace: inPlace(updates, simplified).map((update) => update.name),
    multiplyAdds: multiplyAdds(simplified),
  };
}

/** Inputs, variables and metrics share one space of names. */
function refuseEqualNames(step: string, ports: readonly Port[]): void {
  const names = ports.map((port) => port.name);
  const name = names.find((one, i) => names.indexOf(one) < i);
  if (name === undefined) return;
  throw new SignatureError(
    `step ${step} has two things of the name '${name}' among its inputs, variables and metrics: give one of them another name`,
    { step, name },
  );
}

function reachable(outputs: readonly Value[]): Set<Value> {
  const values = new Set(outputs);
  for (const node of topologicalOrder(outputs)) for (const input of neededBy(node)) if (input) values.add(input);
  return values;
}
