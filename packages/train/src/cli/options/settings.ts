import type { DeviceRequest } from '@onnx-forge/infer';
import { z } from 'zod';
import type { EngineName } from '../../engine/engine.js';
import type { Backend } from '../../tfjs-backend.js';
import { UsageError } from '../errors.js';

/** What may be said of one training, on the command line or in a batch file. All optional: the trainer has defaults. */
export interface TrainSettings {
  readonly data?: string | undefined;
  readonly resize?: string | undefined;
  readonly grey?: boolean | undefined;
  readonly columns?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly preset?: string | undefined;
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  readonly epochs?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly maxSteps?: number | undefined;
  readonly seed?: number | undefined;
  readonly engine?: EngineName | undefined;
  readonly device?: DeviceRequest | undefined;
  readonly backend?: Backend | undefined;
  readonly threads?: number | undefined;
  readonly saveStep?: boolean | undefined;
  readonly samples?: number | undefined;
  readonly judge?: string | undefined;
  readonly evaluate?: boolean | undefined;
  readonly figures?: boolean | undefined;
}

export const ENGINES: readonly EngineName[] = ['compiled', 'eager'];
export const DEVICES: readonly DeviceRequest[] = ['auto', 'cpu', 'cuda', 'webgpu'];
export const BACKENDS: readonly Backend[] = ['tensorflow', 'webgpu', 'wasm', 'cpu'];

const count = z.int('a whole number of at least 1').min(1, 'a whole number of at least 1');
const name = z.string('a text').min(1, 'a text that is not empty');

/** The settings as a batch file has them. */
export const settingsSchema: z.ZodObject<{ readonly [K in keyof TrainSettings]-?: z.ZodType<TrainSettings[K]> }> =
  z.strictObject({
    data: name.optional(),
    resize: name.optional(),
    grey: z.boolean('true or false').optional(),
    columns: name.optional(),
    dataDir: name.optional(),
    preset: name.optional(),
    set: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()]), 'an object of options').optional(),
    epochs: count.optional(),
    batchSize: count.optional(),
    maxSteps: count.optional(),
    seed: z.int('a whole number').optional(),
    engine: z.enum(ENGINES, `one of ${ENGINES.join(', ')}`).optional(),
    device: z.enum(DEVICES, `one of ${DEVICES.join(', ')}`).optional(),
    backend: z.enum(BACKENDS, `one of ${BACKENDS.join(', ')}`).optional(),
    threads: count.optional(),
    saveStep: z.boolean('true or false').optional(),
    samples: count.optional(),
    judge: name.optional(),
    evaluate: z.boolean('true or false').optional(),
    figures: z.boolean('true or false').optional(),
  });

/** The settings in the trainer's words. @throws UsageError when two of them contradict each other */
export function toRequest(settings: TrainSettings): TrainSettings {
  const { epochs, batchSize, set = {}, backend, engine, ...others } = settings;
  const options: Record<string, unknown> = { ...set };
  for (const [option, value] of Object.entries({ epochs, batchSize })) {
    if (value === undefined) continue;
    if (Object.hasOwn(set, option))
      throw new UsageError(`'${option}' is given twice: as an option of its own and by --set`);
    options[option] = value;
  }
  if (backend !== undefined && engine === 'compiled') {
    throw new UsageError(
      `--backend ${backend} is for the eager engine: use --engine eager, or --device with the compiled one`,
    );
  }
  if (settings.saveStep && (engine === 'eager' || backend !== undefined)) {
    throw new UsageError('--save-step is for the compiled engine: the eager one has no graph of its step');
  }
  return { ...others, set: options, backend, engine: engine ?? (backend === undefined ? undefined : 'eager') };
}
