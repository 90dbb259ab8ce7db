import { type ComputeDevice, type OpenStep, openDevice, openStep, StepRunner } from '@onnx-forge/infer';
import { undoneOnFailure } from '../record/undo.js';
import { StepCompiler } from './compiler.js';
import type { CompileOptions, StepDefinition } from './definition.js';
import { dialectOf } from './providerDialect.js';
import { CompiledTraining } from './training.js';

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
  definitions: Readonly<Record<string, StepDefinition>>,
  { nameOf, random }: CompileOptions,
): Promise<CompiledTraining> {
  const dialect = await dialectOf(device);
  const { compiler, models } = undoneOnFailure(() => {
    const compiler = new StepCompiler(definitions, nameOf);
    return { compiler, models: compiler.compile(dialect, device.device === 'cpu') };
  });
  const steps: Record<string, OpenStep> = {};
  for (const [name, { bytes, graph }] of Object.entries(models)) {
    steps[name] = await openStep(device, `step ${name}`, bytes, graph);
  }
  return new CompiledTraining(new StepRunner(device, steps, compiler.initial, random), compiler);
}
