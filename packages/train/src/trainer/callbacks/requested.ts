import { InputError } from '@onnx-forge/infer';
import { z } from 'zod';
import { TrainError } from '../../errors.js';
import type { CallbackStates } from '../../run/checkpoint.js';
import type { TrainRequest } from '../request.js';
import { bestCheckpoint } from './best-checkpoint.js';
import type { Callback } from './callback.js';
import { earlyStopping } from './early-stopping.js';

/** In place of a metric: nothing is monitored, whatever a resumed run monitored before. */
const NO_MONITOR = 'none';

const monitored = { monitor: z.string(), direction: z.enum(['higher', 'lower']) };
const bestSettings = z.object(monitored);
const stoppingSettings = z.object({ ...monitored, patience: z.int(), minDelta: z.number() });

/**
 * The callbacks of a request: its own, and those of `monitor` and `patience`, which a resumed run goes on with unless other ones
 * are given.
 *
 * @throws InputError when settings are incomplete or unusable
 */
export function requestedCallbacks(request: MonitorRequest, before: CallbackStates = {}): Callback[] {
  const { callbacks = [], ...settings } = request;
  const own = new Set(callbacks.map(({ name }) => name));
  // A callback of that name that the caller brings is the caller's to make.
  const saved = <T>(name: string, schema: z.ZodType<T>): Partial<T> => {
    if (own.has(name) || !Object.hasOwn(before, name)) return {};
    const { success, data } = schema.safeParse(before[name]!.settings);
    if (success) return data;
    throw new TrainError('checkpoint-invalid', `the checkpoint's settings of '${name}' are not readable`, { name });
  };
  const was = { ...saved('best-checkpoint', bestSettings), ...saved('early-stopping', stoppingSettings) };
  const { monitor = was.monitor } = settings;
  if (monitor === undefined || monitor === NO_MONITOR) {
    const extra = (['patience', 'minDelta', 'direction'] as const).find((name) => settings[name] !== undefined);
    if (extra !== undefined) {
      throw new InputError(`${extra} is about a metric: name it by monitor, such as validation.elbo`, { extra });
    }
    return [...callbacks];
  }
  const {
    direction = monitor === was.monitor ? was.direction : undefined,
    patience = was.patience,
    minDelta = was.minDelta,
  } = settings;
  const watched = { monitor, ...(direction && { direction }) };
  if (patience === undefined && minDelta !== undefined) {
    throw new InputError('minDelta is about early stopping: give patience, too', { minDelta });
  }
  return [
    bestCheckpoint(watched),
    ...(patience === undefined
      ? []
      : [earlyStopping({ ...watched, patience, ...(minDelta !== undefined && { minDelta }) })]),
    ...callbacks,
  ];
}

type MonitorRequest = Pick<TrainRequest, 'callbacks' | 'monitor' | 'direction' | 'patience' | 'minDelta'>;
