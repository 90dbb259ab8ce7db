import { isDeepStrictEqual } from 'node:util';
import { InputError } from '@onnx-forge/infer';
import { TrainError } from '../../errors.js';
import type { BestCheckpoint, CallbackStates, Progress, Stop } from '../../run/checkpoint.js';
import type { TrainEvent } from '../events.js';
import type { Callback, Monitored, TrainingControl } from './callback.js';

/** Events at which the engine's weights are those that the event is about, so that they can be kept. */
const KEEPING: readonly TrainEvent['type'][] = ['step', 'validation', 'epoch'];

/** The callbacks of a training, their states and what they have decided. */
export class Callbacks {
  readonly #callbacks: readonly Callback[];
  readonly #states: Map<string, unknown>;
  #stopped: Stop | undefined;
  #best: BestCheckpoint | undefined;
  #kept: { readonly by: string; readonly because?: Monitored | undefined } | undefined;

  /**
   * @param from of the checkpoint that the run is resumed from
   * @throws InputError when two callbacks have one name
   */
  constructor(callbacks: readonly Callback[], from?: Progress) {
    const names = callbacks.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new InputError(`two callbacks have the name '${twice}'`, { callbacks: names });
    const before = new Map(Object.entries(from?.callbacks ?? {}));
    this.#callbacks = callbacks;
    this.#states = new Map(
      callbacks.map(({ name, initial }) => [
        name,
        structuredClone(before.has(name) ? before.get(name)!.state : initial),
      ]),
    );
    const decidesAlike = (by: string | undefined) => {
      const callback = callbacks.find(({ name }) => name === by);
      return callback !== undefined && isDeepStrictEqual(before.get(callback.name)?.settings, callback.settings);
    };
    this.#stopped = decidesAlike(from?.stopped?.by) ? from?.stopped : undefined;
    this.#best = decidesAlike(from?.best?.by) ? from?.best : undefined;
  }

  has(name: string): boolean {
    return this.#callbacks.some((callback) => callback.name === name);
  }

  /** Why the training ends before its last iteration. */
  get stopped(): Stop | undefined {
    return this.#stopped;
  }

  /** Facts about checkpoint/best.safetensors, if one was kept. */
  get best(): BestCheckpoint | undefined {
    return this.#best;
  }

  /** Hands an event to every callback. */
  on(event: TrainEvent): void {
    if (this.#callbacks.length > 0) freeze(event);
    for (const callback of this.#callbacks) {
      const { name } = callback;
      const control: TrainingControl = {
        stop: (reason) => {
          this.#stopped ??= { by: name, reason };
        },
        keep: (_, because) => {
          if (!KEEPING.includes(event.type)) {
            const message = `callback '${name}': keep() is for the events ${KEEPING.join(', ')}, not for ${event.type}`;
            throw new InputError(message, { callback: name });
          }
          this.#kept = { by: name, because };
        },
      };
      this.#states.set(name, callback.on(event, control, this.#states.get(name)));
    }
  }

  /** Facts about the current checkpoint, if a callback asked since the last call to keep it as the best. */
  takeBest(step: number, epoch: number): BestCheckpoint | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    this.#kept = undefined;
    this.#best = { by: kept.by, step, epoch, ...kept.because };
    return this.#best;
  }

  /**
   * The part of the progress that callbacks decide.
   *
   * @throws TrainError (`callback-invalid`) when a state would come back from JSON as another one
   */
  progress(): Pick<Progress, 'callbacks' | 'stopped' | 'best'> {
    const states = this.#callbacks.map(({ name, settings }) => {
      const state = this.#states.get(name);
      const json = JSON.stringify(state);
      const entry = {
        state: json === undefined ? undefined : JSON.parse(json),
        ...(settings !== undefined && { settings }),
      };
      if (json === undefined || !isDeepStrictEqual(entry.state, state)) {
        const message = `the state of callback '${name}' is no plain JSON, so that a resumed run would go on with another one: ${json}`;
        throw new TrainError('callback-invalid', message, { callback: name });
      }
      return [name, entry] as const;
    });
    return {
      callbacks: Object.fromEntries(states) as CallbackStates,
      ...(this.#stopped && { stopped: this.#stopped }),
      ...(this.#best && { best: this.#best }),
    };
  }
}

/** No callback can change what the others see. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
