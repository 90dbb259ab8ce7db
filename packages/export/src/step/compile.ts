import { type ComputeDevice, type OpenStep, openDevice, openStep, StepRunner } from '@onnx-forge/infer';
import { checkedDialect, dialectOf } from '../device-dialect.js';
import { SignatureError } from '../errors.js';
import { STANDARD } from '../graph/dialect.js';
import { undoneOnFailure } from '../record/undo.js';
import { StepCompiler, type StepModel } from './compiler.js';
import type { CompileOptions, StepDefinition } from './definition.js';
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
  if (typeof (options as CompileOptions | undefined)?.random?.fillNormal !== 'function') {
    throw new SignatureError('compiling needs a source of random numbers in its options: { random: new Random(1) }');
  }
  const device = await openDevice(options);
  try {
    return await compileOn(device, steps, options);
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/**
 * The graphs of training steps, without a device: the same bytes on every machine. A dialect that this processor can't run
 * compiles too.
 *
 * @throws TraceMismatchError when a step would freeze something random
 */
export function stepModels(
  steps: Readonly<Record<string, StepDefinition>>,
  { nameOf, dialect = STANDARD }: Pick<CompileOptions, 'nameOf' | 'dialect'> = {},
): Record<string, StepModel> {
  return new StepCompiler(steps, nameOf).compile(dialect, false);
}

async function compileOn(
  device: ComputeDevice,
  definitions: Readonly<Record<string, StepDefinition>>,
  { nameOf, random, dialect, pure = false }: CompileOptions,
): Promise<CompiledTraining> {
  const chosen = dialect ? await checkedDialect(device, dialect) : await dialectOf(device);
  const { compiler, models } = undoneOnFailure(() => {
    const compiler = new StepCompiler(definitions, nameOf);
    return { compiler, models: compiler.compile(chosen, device.device === 'cpu') };
  });
  const steps: Record<string, OpenStep> = {};
  for (const [name, { bytes, graph }] of Object.entries(models)) {
    steps[name] = await openStep(device, `step ${name}`, bytes, graph);
  }
  return new CompiledTraining(new StepRunner(device, steps, compiler.initial, random), compiler, pure);
}
