import {
  type BatchArrays,
  ForgeError,
  InputError,
  type StateArray,
  type StepGraph,
  type TrainingState,
} from '@onnx-forge/infer';
import { StepChangedError, TraceMismatchError } from '../errors.js';
import type { Dialect } from '../graph/dialect.js';
import { describePlace } from '../place.js';
import { Fields } from '../record/fields.js';
import { undoneOnFailure } from '../record/undo.js';
import type { tf } from '../tfjs.js';
import { type CompileOptions, checkDefinition, type StepDefinition } from './definition.js';
import { CompiledOptimizers } from './optimizers.js';
import { describeStep, VariableNames } from './step-model.js';
import {
  assertEqualTraces,
  refuseIdle,
  refuseNewVariables,
  type TracedStep,
  type TraceKind,
  traceStep,
  withoutValues,
} from './trace-step.js';

/** A training step as an ONNX model, and what its inputs and outputs are. */
export interface StepModel {
  readonly bytes: Uint8Array;
  readonly graph: StepGraph;
  /** Of its products and convolutions, in the forms that it has. */
  readonly multiplyAdds: number;
}

/** Traces steps, again and again if need be: their variables and slots keep their names. */
export class StepCompiler {
  readonly #definitions: Readonly<Record<string, StepDefinition>>;
  readonly #optimizers = new CompiledOptimizers();
  readonly #names: VariableNames;
  readonly #initial: Record<string, StateArray> = {};
  /** A trace of each step, as it was when it was compiled. */
  readonly #compiled = new Map<string, TracedStep>();
  /** Whether the optimizers have their slots. */
  #hasSlots = false;

  constructor(definitions: Readonly<Record<string, StepDefinition>>, nameOf: CompileOptions['nameOf']) {
    for (const [name, definition] of Object.entries(definitions)) checkDefinition(name, definition);
    this.#definitions = definitions;
    this.#names = new VariableNames(nameOf);
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
  checkNames(name: string, batch: BatchArrays): void {
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
   * Traces a step once more and compares it with the compiled one: numbers and flags of the user's program (a counter, a
   * layer's `trainable`) are constants of the graph.
   *
   * @throws StepChangedError when the step would do something else today
   */
  checkUnchanged(name: string): void {
    const compiled = this.#compiled.get(name);
    const definition = this.#definitions[name];
    const isGone = compiled?.trace.variables.some(({ variable }) => variable.isDisposed);
    if (!compiled || !definition || isGone) return;
    const fields = new Fields();
    try {
      const now = undoneOnFailure(() => this.#trace(definition, compiled.dialect, 'withLines'));
      assertEqualTraces(withoutValues(now), compiled);
    } catch (error) {
      const differs = error instanceof ForgeError && error.code === 'trace-mismatch';
      const reason = differs
        ? describePlace(error.data)
        : ` (${error instanceof Error ? error.message : String(error)})`;
      throw new StepChangedError(
        `step ${name} would do something else now than when it was compiled${reason}: numbers and settings of the program that it uses are constants of its graph; compile it again, or make them inputs or variables`,
        { name },
        { cause: error },
      );
    } finally {
      fields.stop();
      fields.restoreAll();
    }
  }

  /**
   * @throws TraceMismatchError when a step would freeze something random; SignatureError when it makes variables each time
   */
  compile(dialect: Dialect, noCopy: boolean): Record<string, StepModel> {
    return undoneOnFailure(() => this.#compile(dialect, noCopy));
  }

  /** Frees what only the compiled steps use: the moments of a compiled Adam. */
  dispose(): void {
    this.#optimizers.dispose();
  }

  #compile(dialect: Dialect, noCopy: boolean): Record<string, StepModel> {
    this.checkSettings();
    const definitions = Object.entries(this.#definitions);
    const slotsMade = this.#makeSlots(dialect);
    // Backwards: what alternates between two traces is not the same in both of any step.
    const traced = definitions.toReversed().map(([name, definition]) => {
      const first = this.#trace(definition, dialect);
      refuseNewVariables(name, first.trace);
      refuseIdle(name, first.trace);
      const again = this.#equalTrace(definition, first, slotsMade?.get(name));
      this.#compiled.set(name, withoutValues(again));
      return [name, definition, first] as const;
    });
    this.#optimizers.settings.freeze();
    return Object.fromEntries(
      traced.toReversed().map(([name, definition, step]) => [name, this.#model(name, definition, step, noCopy)]),
    );
  }

  /** A trace of each step, in which the optimizers make their slots; later traces find them in place. Undefined when they are there. */
  #makeSlots(dialect: Dialect): ReadonlyMap<string, TracedStep> | undefined {
    if (this.#hasSlots) return undefined;
    const traced = Object.entries(this.#definitions).map(([name, definition]) => {
      return [name, traceStep(definition, this.#optimizers, dialect, 'makesSlots')] as const;
    });
    this.#hasSlots = true;
    return new Map(traced);
  }

  /**
   * A second trace: the given one if it is equal (slots that two steps divided make it another), otherwise a new one.
   *
   * @throws TraceMismatchError when that differs, with the user's line
   */
  #equalTrace(definition: StepDefinition, first: TracedStep, given: TracedStep | undefined): TracedStep {
    if (given && areEqual(given, first)) return given;
    const again = this.#trace(definition, first.dialect, 'withLines');
    assertEqualTraces(again, first);
    return again;
  }

  #trace(definition: StepDefinition, dialect: Dialect, kind: TraceKind = 'plain'): TracedStep {
    return traceStep(definition, this.#optimizers, dialect, kind);
  }

  #model(name: string, definition: StepDefinition, step: TracedStep, noCopy: boolean): StepModel {
    const description = describeStep(name, step, this.#names, this.#initial, noCopy);
    const { bytes, batch: used, reads, assigns, inPlace, multiplyAdds } = description;
    const batch = used.map((input) => {
      const { shape, dtype = 'float32' } = definition.inputs[input]!;
      return [input, { shape, dtype }] as const;
    });
    return {
      bytes,
      multiplyAdds,
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

function areEqual(one: TracedStep, other: TracedStep): boolean {
  try {
    assertEqualTraces(one, other);
    return true;
  } catch (error) {
    if (error instanceof TraceMismatchError) return false;
    throw error;
  }
}
