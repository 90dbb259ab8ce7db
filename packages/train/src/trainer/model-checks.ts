import { type ImageEntry, LatentVariableModel, type ModelOf, openDevice } from '@onnx-forge/infer';
import { subset } from '../data/fields.js';
import { TrainError } from '../errors.js';
import { imageGrid } from '../figures/images.js';
import { watchedBy } from '../kinds/monitor.js';
import type { MeasureRequest } from '../measures/measure.js';
import { liveModel } from '../run/live-model.js';
import { manifestOf } from '../run/manifest.js';
import { saveSnapshot } from '../run/snapshots.js';
import type { OnEvent } from './events.js';
import { firstWrong, notFinite, type Outputs } from './not-finite.js';
import { type TrainingParts, trainingBatches } from './training-parts.js';

/** Images in a snapshot: 8 rows of 8. */
const SNAPSHOT_COUNT = 64;
/** Validation examples that a model is tried on after its last update. */
const CHECKED_EXAMPLES = 256;

/** A point of a training. */
export interface Moment {
  /** Iterations done. */
  readonly iteration: number;
  /** Epochs done, with the fraction of the one under way. */
  readonly epochs: number;
}

/** Work with the model under training: validation, snapshots, and a last check that its outputs are finite. */
export class ModelChecks {
  readonly #parts: TrainingParts;
  readonly #emit: OnEvent;
  /** Iteration of the last `settle()`; -1: none yet. */
  #settled = -1;
  /** Iteration of the last validation; -1: none yet. */
  #validated = -1;
  /** Graphs exported so far, with the weights of then. */
  readonly #exportedGraphs = new Set<string>();

  constructor(parts: TrainingParts, emit: OnEvent) {
    this.#parts = parts;
    this.#emit = emit;
  }

  /** Measures the validation split, for the log. */
  async validate(at: Moment): Promise<Readonly<Record<string, number>> | undefined> {
    const { served, recipe, data } = this.#parts;
    const measures = [served.validation, watchedBy(recipe)].filter((measure) => measure !== undefined);
    if (measures.length === 0) return undefined;
    await this.settle(at);
    const metrics = await this.#withModel(at, 'validation', async (model) => {
      const measured = [];
      for (const measure of measures) measured.push(...(await measure(model, data, this.#request())));
      return Object.fromEntries(measured.map(({ name, value }) => [name, value]));
    });
    this.#validated = at.iteration;
    requireFinite('validation', metrics, at.iteration);
    await this.#parts.logs.append({ kind: 'validation', step: at.iteration, epoch: at.epochs, metrics });
    this.#emit({ type: 'validation', step: at.iteration, epoch: at.epochs, metrics });
    return metrics;
  }

  /** The run's seed at every validation: equal draws, so differences are the model's. An interruption waits for its end. */
  #request(): MeasureRequest {
    const { identity } = this.#parts;
    return { split: 'validation', seed: identity.seed, options: identity.options };
  }

  /** The loss of the last iteration is that of the weights before it: those after it must give finite numbers, too. */
  async checkModel(at: Moment): Promise<void> {
    const { served, data } = this.#parts;
    const { validation } = served;
    if (!validation || this.#validated === at.iteration) return;
    const some = subset(data.splits.validation, 0, Math.min(data.splits.validation.size, CHECKED_EXAMPLES));
    const fewer = { ...data, splits: { ...data.splits, validation: some } };
    const refuseWrong = (graph: string, outputs: Outputs) => {
      const wrong = firstWrong(outputs, Number.isFinite);
      if (wrong) throw notFinite(`the trained model's '${graph}'`, wrong.output, wrong.value, at.iteration);
    };
    await this.#withModel(at, 'validation', (model) => validation(model, fewer, this.#request()), refuseWrong);
  }

  /** Gives their values to weights that no step moves. */
  async settle(at: Moment): Promise<void> {
    const { served } = this.#parts;
    if (!served.settle || this.#settled === at.iteration) return;
    const epoch = trainingBatches(this.#parts).restOfEpoch();
    await this.#withModel(at, 'validation', async (model) => served.settle?.(model, epoch));
    this.#settled = at.iteration;
  }

  /** Saves samples of a model with a prior; of others nothing. */
  async snapshot(at: Moment): Promise<void> {
    const { served, identity, folder, logs } = this.#parts;
    const what = 'a sample of the model';
    const samples = await this.#withModel(at, what, async (model) =>
      model instanceof LatentVariableModel ? model.sample(SNAPSHOT_COUNT, { seed: identity.seed }) : undefined,
    );
    if (samples === undefined) return;
    const images = samples.images.data;
    const wrong = images.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw notFinite(what, 'pixel', wrong, at.iteration);
    const snapshot = { step: at.iteration, epoch: at.epochs, count: SNAPSHOT_COUNT, images };
    const file = await saveSnapshot(folder, snapshot);
    const { image } = served.serve as { readonly image?: ImageEntry };
    if (logs.takesImages && image) {
      const { png } = imageGrid(images, image, { columns: 8 });
      await logs.image({ name: 'snapshots', step: at.iteration, png });
    }
    this.#emit({ type: 'snapshot', step: at.iteration, file });
  }

  /**
   * Runs `work` with the current weights. NaN among its outputs is reported as a training that diverged.
   *
   * @param what names the work in the message
   */
  async #withModel<T>(
    at: Moment,
    what: string,
    work: (model: ModelOf) => Promise<T>,
    check: (graph: string, outputs: Outputs) => void = () => {},
  ): Promise<T> {
    const { engine, served, identity, data, threads } = this.#parts;
    await engine.writeBack();
    const about = { identity, served, data, device: engine.device, steps: at.iteration, epochs: at.epochs };
    const chosen = { checkpoint: 'last', step: at.iteration, epoch: at.epochs } as const;
    const manifest = manifestOf({ ...about, chosen, graphs: {}, metrics: [] });
    let last: Outputs = {};
    await using model = liveModel(served, manifest, await openDevice({ device: 'cpu', threads }), {
      exported: this.#exportedGraphs,
      onOutputs: (graph, outputs) => {
        last = outputs;
        check(graph, outputs);
      },
    });
    try {
      // The trainer pairs a recipe's functions with its own models alone, whatever their kind.
      return await work(model as ModelOf);
    } catch (error) {
      const wrong = firstWrong(last, (value) => !Number.isNaN(value));
      if (error instanceof TrainError || wrong === undefined) throw error;
      throw notFinite(what, wrong.output, wrong.value, at.iteration);
    }
  }
}

function requireFinite(what: string, metrics: Readonly<Record<string, number>>, iteration: number): void {
  for (const [metric, value] of Object.entries(metrics)) {
    if (!Number.isFinite(value)) throw notFinite(what, metric, value, iteration);
  }
}
