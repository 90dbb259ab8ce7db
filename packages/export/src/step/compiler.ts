import { InputError, type StateEntry, type StepGraph, type TrainingState } from '@onnx-forge/infer';
import type { Dialect } from '../lower/dialect.js';
import { undoneOnFailure } from '../record/undo.js';
import type { tf } from '../tfjs.js';
import type { Batch, CompileOptions, StepDefinition } from './definition.js';
import { CompiledOptimizers } from './optimizers.js';
import { describeStep, VariableNames } from './stepModel.js';
import { assertEqualTraces, refuseNewVariables, type TracedStep, traceStep } from './traceStep.js';

/** A training step as an ONNX model, and what its inputs and outputs are. */
export interface StepModel {
  readonly bytes: Uint8Array;
  readonly graph: StepGraph;
}

/** Traces steps, again and again if need be: their variables and slots keep their names. */
export class StepCompiler {
  readonly #definitions: Readonly<Record<string, StepDefinition>>;
  readonly #optimizers = new CompiledOptimizers();
  readonly #names: VariableNames;
  readonly #initial: Record<string, StateEntry> = {};

  constructor(definitions: Readonly<Record<string, StepDefinition>>, nameOf: CompileOptions['nameOf']) {
    this.#definitions = definitions;
    this.#names = new VariableNames(nameOf);
    // The first trace of each step makes the optimizers' slots; the later ones find them in place.
    for (const definition of Object.values(definitions)) this.#trace(definition, {});
  }

  /** Variables by name; known once compiled. */
  get variables(): ReadonlyMap<string, tf.Variable> {
    return this.#names.variables();
  }

  /** The values that the variables had when they were first compiled. */
  get initial(): TrainingState {
    return this.#initial;
  }

  /** @throws InputError when the batch has an array that the step does not know */
  checkNames(name: string, batch: Batch): void {
    const inputs = this.#definitions[name]?.inputs;
    if (!inputs) return; // there is no such step, which the runner tells
    const stray = Object.keys(batch).find((key) => !Object.hasOwn(inputs, key));
    if (stray === undefined) return;
    const known = Object.entries(inputs).map(([key, { shape }]) => `${key} [${shape}]`);
    throw new InputError(`step ${name} has no '${stray}' in its batch; it takes: ${known.join(', ') || 'nothing'}`, {
      name,
      stray,
    });
  }

  /** @throws StepChangedError when an optimizer has other settings than the compiled steps */
  checkSettings(): void {
    this.#optimizers.settings.check();
  }

  /**
   * @throws TraceMismatchError when a step would freeze something random; SignatureError when it makes variables each time
   */
  compile(dialect: Dialect, noCopy: boolean): Record<string, StepModel> {
    return undoneOnFailure(() => this.#compile(dialect, noCopy));
  }

  #compile(dialect: Dialect, noCopy: boolean): Record<string, StepModel> {
    this.checkSettings();
    const traced = Object.entries(this.#definitions).map(([name, definition]) => {
      const first = this.#trace(definition, dialect);
      refuseNewVariables(name, first.trace);
      assertEqualTraces(first.trace, this.#trace(definition, dialect).trace);
      return [name, definition, first] as const;
    });
    this.#optimizers.settings.freeze();
    return Object.fromEntries(
      traced.map(([name, definition, step]) => [name, this.#model(name, definition, step, noCopy)]),
    );
  }

  #trace(definition: StepDefinition, dialect: Dialect): TracedStep {
    return traceStep(definition, this.#optimizers, dialect);
  }

  #model(name: string, definition: StepDefinition, step: TracedStep, noCopy: boolean): StepModel {
    const description = describeStep(name, step, this.#names, this.#initial, noCopy);
    const { bytes, batch: used, reads, assigns, inPlace } = description;
    const batch = used.map((input) => {
      const { shape, dtype = 'float32' } = definition.inputs[input]!;
      return [input, { shape, dtype }] as const;
    });
    return {
      bytes,
      graph: {
        batch: Object.fromEntries(batch),
        hostInputs: [...step.hostInputs.values()].map(({ input }) => input),
        reads,
        assigns: Object.fromEntries(assigns),
        inPlace,
        metrics: Object.keys(step.trace.outputs),
      },
    };
  }
}
