import { type ComputeDevice, type OpenStep, openDevice, openStep, StepRunner } from '@onnx-forge/infer';
import { checkedDialect, dialectOf } from '../device-dialect.js';
import { SignatureError } from '../errors.js';
import { fastestForms } from '../forms/choose.js';
import { STANDARD } from '../graph/dialect.js';
import { Forms, type FormTable } from '../graph/form.js';
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
  {
    nameOf,
    dialect = STANDARD,
    forms = {},
  }: Pick<CompileOptions, 'nameOf' | 'dialect'> & { readonly forms?: FormTable } = {},
): Record<string, StepModel> {
  return new StepCompiler(steps, nameOf).compile({ ...dialect, forms: new Forms(forms) }, false);
}

async function compileOn(
  device: ComputeDevice,
  definitions: Readonly<Record<string, StepDefinition>>,
  options: CompileOptions,
): Promise<CompiledTraining> {
  const { nameOf, random, pure = false, forms: given = 'default' } = options;
  checkForms(given);
  const dialect = options.dialect ? await checkedDialect(device, options.dialect) : await dialectOf(device);
  const noCopy = device.device === 'cpu';
  let forms = new Forms(typeof given === 'object' ? given : {});
  const compiled = undoneOnFailure(() => {
    const compiler = new StepCompiler(definitions, nameOf);
    return { compiler, models: compiler.compile({ ...dialect, forms }, noCopy) };
  });
  const { compiler } = compiled;
  let { models } = compiled;
  if (given === 'measured' && device.device === 'cpu') {
    const fastest = await fastestForms(device, forms.sites, { ...options, dialect });
    if (forms.differsFrom(fastest)) {
      forms = new Forms(fastest);
      models = compiler.compile({ ...dialect, forms }, noCopy);
    }
  }
  const steps: Record<string, OpenStep> = {};
  for (const [name, { bytes, graph }] of Object.entries(models)) {
    steps[name] = await openStep(device, `step ${name}`, bytes, graph);
  }
  const runner = new StepRunner(device, steps, compiler.initial, random);
  return new CompiledTraining(runner, compiler, { pure, forms: forms.chosen() });
}

/** @throws SignatureError for what is no choice of forms */
function checkForms(given: unknown): asserts given is 'default' | 'measured' | FormTable {
  if (given === 'default' || given === 'measured') return;
  const isTable =
    typeof given === 'object' && given !== null && Object.values(given).every((form) => typeof form === 'string');
  if (isTable) return;
  throw new SignatureError(
    "forms are 'default', 'measured', or a table of forms by operation, as `training.forms` gives",
  );
}
