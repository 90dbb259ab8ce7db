import { type ComputeDevice, openDevice } from '@onnx-forge/infer';
import type { CompileOptions, StepDefinition } from './definition.js';
import { CompiledOptimizers } from './optimizers.js';
import { dialectOf } from './providerDialect.js';
import type { StateEntry } from './state.js';
import { describeStep, VariableNames } from './stepModel.js';
import { assertEqualTraces, type TracedStep, traceStep } from './traceStep.js';
import { type CompiledStep, CompiledTraining } from './training.js';

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
    const first = run(definition);
    assertEqualTraces(first.trace, run(definition).trace);
    return { name, definition, step: first };
  });
  const names = new VariableNames(options.nameOf);
  const compiled = new Map<string, CompiledStep>();
  const initial: Record<string, StateEntry> = {};
  for (const { name, definition, step } of traced) {
    const model = describeStep(name, step, names, initial, device.device === 'cpu');
    const metrics = Object.fromEntries(
      Object.keys(step.trace.outputs).map((metric) => [
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
      hostInputs: step.hostInputs,
      reads: model.reads,
      assigns: model.assigns,
      metrics,
    });
  }
  return new CompiledTraining(device, compiled, names.variables(), initial);
}
