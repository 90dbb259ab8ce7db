import type { EngineName } from '../engine/engine.js';
import type { Measurement } from '../measures/measure.js';
import type { OptionValues } from '../options/option.js';
import type { CheckpointName } from '../run/checkpoint.js';

/** Events of a run, for progress displays. */
export type TrainEvent =
  | StartEvent
  | StepEvent
  | ValidationEvent
  | EpochEvent
  | { readonly type: 'snapshot'; readonly step: number; readonly file: string }
  | CheckpointEvent
  | PhaseEvent
  | NoticeEvent
  | { readonly type: 'measurement'; readonly measurement: Measurement }
  | { readonly type: 'figure'; readonly name: string; readonly file: string };

export interface StartEvent {
  readonly type: 'start';
  readonly recipe: string;
  readonly options: OptionValues;
  readonly dataSet: string;
  readonly seed: number;
  readonly engine: EngineName;
  /** Granted. */
  readonly device: string;
  /** 0, or the iteration where the run is resumed. */
  readonly step: number;
  /** Iterations in all. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** After every iteration. */
export interface StepEvent {
  readonly type: 'step';
  readonly step: number;
  readonly steps: number;
  /** Under way, from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Of this iteration, named `STEP/METRIC`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly msPerStep: number;
  /** At the pace of the last iterations; NaN after the first of the process, which is no measure of the others. */
  readonly etaSeconds: number;
}

/** After every validation: after each epoch, and before training where the recipe has a monitor. */
export interface ValidationEvent {
  readonly type: 'validation';
  readonly step: number;
  /** Done. */
  readonly epoch: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** After a checkpoint was written. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  readonly file: string;
  /** The last one, or the one that is kept as the best. */
  readonly name: CheckpointName;
}

/** After every epoch. */
export interface EpochEvent {
  readonly type: 'epoch';
  /** Done. */
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  /** Means over the epoch, named `STEP/METRIC`. */
  readonly train: Readonly<Record<string, number>>;
  readonly validation: Readonly<Record<string, number>>;
}

/** Something that takes a moment beside training. */
export interface PhaseEvent {
  readonly type: 'phase';
  readonly phase: 'prepare' | 'compile' | 'export' | 'evaluate' | 'figures';
  readonly detail: string;
  /** 0 .. 1 of the phase. */
  readonly fraction: number;
}

/** Something that people should know, though all goes on. */
export interface NoticeEvent {
  readonly type: 'notice';
  readonly text: string;
}

export type OnEvent = (event: TrainEvent) => void;
