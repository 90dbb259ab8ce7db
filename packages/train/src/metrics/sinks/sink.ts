import type { LogLine } from '../log.js';

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** How far a sink had written, as JSON; the checkpoint holds it. */
export type SinkMark = Json;

/** The training that a sink writes about. */
export interface SinkRun {
  /** The run folder, which exists. */
  readonly folder: string;
  /** Recipe, options, data set, seed, engine and device, by name. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Iterations done: 0, or where the run is resumed. */
  readonly step: number;
  /** Says something that people should know, though all goes on. */
  onNotice(text: string): void;
}

/** A picture of a training: a grid of samples, a figure of the trained model. */
export interface SinkImage {
  readonly name: string;
  /** Iterations done. */
  readonly step: number;
  /** A PNG file. */
  readonly png: Uint8Array;
}

/** How a training ended: all iterations done or stopped by a callback, interrupted with a checkpoint, or by an error. */
export type SinkStatus = 'finished' | 'interrupted' | 'failed';

/**
 * Where the lines of a training's log go. `SINK_CHECKS` of `@onnx-forge/train/conformance` says what a sink must do.
 */
export interface MetricSink {
  /** Of this sink's marks in the checkpoint: unique among the sinks of a run. */
  readonly name: string;
  /**
   * Begins to write.
   *
   * @param mark of the checkpoint that the run is resumed from: what was written after it is dropped. Without one all that is
   *   there is dropped.
   */
  open(run: SinkRun, mark?: SinkMark): Promise<OpenSink>;
}

/** A sink of a run in training. An error of it ends the training. */
export interface OpenSink {
  append(line: LogLine): Promise<void>;
  /** Of sinks that take pictures. */
  image?(image: SinkImage): Promise<void>;
  /** Makes what was appended survive a power cut; gives the mark of this place. */
  flush(): Promise<SinkMark>;
  /** The last call. */
  close(status: SinkStatus): Promise<void>;
}
