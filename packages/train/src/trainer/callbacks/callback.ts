import type { Json } from '../../metrics/sinks/sink.js';
import type { TrainEvent } from '../events.js';

/** A value that a callback decided by. */
export interface Monitored {
  /** Such as `validation.elbo`. */
  readonly monitor: string;
  readonly value: number;
}

/** Decisions that a callback may take. They hold from the end of the iteration. */
export interface TrainingControl {
  /** Ends the training: its graphs are exported, its manifest written, as after the last iteration. */
  stop(reason: string): void;
  /**
   * Keeps the current weights as `checkpoint/best.safetensors`: they are exported at the end, in place of the last ones.
   *
   * @throws InputError in events other than `step`, `validation` and `epoch`: their weights are not the current ones
   */
  keep(checkpoint: 'best', because?: Monitored): void;
}

/**
 * Decides on the course of a training. It is called with every event of the training loop, gives its next state, and sees no
 * other callback's: the order of callbacks does not matter. A resumed run goes on with the states of its checkpoint, so
 * that it decides as one that was never interrupted; a state that changes with `checkpoint` itself is in the next one.
 *
 * @typeParam State plain JSON
 */
export interface Callback<State = unknown> {
  /** Of its state in the checkpoint: unique among the callbacks of a run. */
  readonly name: string;
  readonly initial: State;
  /**
   * Settings that its decisions depend on. A decision to stop, or of what is best, holds in a resumed run only if they are the same
   * there.
   */
  readonly settings?: Json;
  on(event: TrainEvent, control: TrainingControl, state: State): State;
}

type Named<Type extends TrainEvent['type']> = Extract<TrainEvent, { readonly type: Type }>;

/** Handlers for some events; each gives the next state. */
export interface Handlers<State> {
  /** Before the first iteration, and where a run is resumed. */
  onStart?(event: Named<'start'>, control: TrainingControl, state: State): State;
  /** After every iteration. */
  onStep?(event: Named<'step'>, control: TrainingControl, state: State): State;
  /** After every validation. */
  onEvaluate?(event: Named<'validation'>, control: TrainingControl, state: State): State;
  /** After every epoch, its validation included. */
  onEpoch?(event: Named<'epoch'>, control: TrainingControl, state: State): State;
  /** After a checkpoint was written. */
  onCheckpoint?(event: Named<'checkpoint'>, control: TrainingControl, state: State): State;
}

/** A callback from handlers of the events that it is about. */
export function defineCallback<State>({
  name,
  initial,
  settings,
  ...handlers
}: Omit<Callback<State>, 'on'> & Handlers<State>): Callback<State> {
  return {
    name,
    initial,
    ...(settings !== undefined && { settings }),
    on(event, control, state) {
      switch (event.type) {
        case 'start':
          return handlers.onStart ? handlers.onStart(event, control, state) : state;
        case 'step':
          return handlers.onStep ? handlers.onStep(event, control, state) : state;
        case 'validation':
          return handlers.onEvaluate ? handlers.onEvaluate(event, control, state) : state;
        case 'epoch':
          return handlers.onEpoch ? handlers.onEpoch(event, control, state) : state;
        case 'checkpoint':
          return handlers.onCheckpoint ? handlers.onCheckpoint(event, control, state) : state;
        default:
          return state;
      }
    },
  };
}
