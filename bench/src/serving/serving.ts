import type { Device, LatentModel, Model, Random, TrainableSession } from '@onnx-forge/infer';
import type { Reading } from '../benchmark.js';
import { clock, timeCalls } from '../worker/timing.js';

/** Shorter calls are timed several together: pages have coarse clocks. */
const SHORTEST_MS = 5;
/** A longer first call is the only one. */
const LONGEST_MS = 3000;

/** A call of a latent model's API that is timed. */
export type ServingTask =
  /** Milliseconds to decode so many latent vectors. */
  | { readonly what: 'decode'; readonly images: number }
  /** Images x samples a second of `logLikelihood`. */
  | { readonly what: 'likelihood'; readonly images: number; readonly samples: number }
  /** Milliseconds of a `TrainableSession`'s step. */
  | { readonly what: 'step' };

export interface ServingSpec {
  /** A run's folder, or its URL. */
  readonly location: string;
  readonly device: Device;
  readonly threads: number;
  /** By row id. */
  readonly tasks: Readonly<Record<string, ServingTask>>;
  /** Milliseconds of a row. */
  readonly budgetMs: number;
}

export interface Serving {
  measure(): Promise<Reading>;
  close(): Promise<void>;
}

/** Opens a run of a latent model, the same in Node and in a page. */
export async function openServing(
  infer: typeof import('@onnx-forge/infer'),
  { location, device, threads, tasks, budgetMs }: ServingSpec,
): Promise<Serving> {
  const model = latent(await infer.load(location, { device, threads }));
  const trains = Object.values(tasks).some(({ what }) => what === 'step');
  const session = trains ? await infer.loadTrainable(location, { device, threads, seed: 1 }) : undefined;
  const random = new infer.Random(1);
  const calls = Object.entries(tasks).map(([id, task]) => ({ id, ...prepare(task, { model, session, random }) }));
  return {
    async measure() {
      const values: Record<string, number> = {};
      let last = false;
      for (const { id, call, value } of calls) {
        const first = await clock(call);
        if (first > LONGEST_MS) {
          values[id] = value(first);
          last = true;
          continue;
        }
        const repeats = Math.ceil(SHORTEST_MS / Math.max(await clock(call), 0.01));
        const together = async (): Promise<void> => {
          for (let i = 0; i < repeats; i++) await call();
        };
        const { ms, slow } = await timeCalls(together, { budgetMs, warmUpMs: 200 });
        values[id] = value(ms / repeats);
        last ||= slow;
      }
      return { values, last };
    },
    async close() {
      await session?.dispose();
      await model.dispose();
    },
  };
}

interface Opened {
  readonly model: LatentModel;
  readonly session: TrainableSession | undefined;
  readonly random: Random;
}

interface TimedCall {
  call(): Promise<unknown>;
  /** The row's number from the milliseconds of a call. */
  value(ms: number): number;
}

function prepare(task: ServingTask, { model, session, random }: Opened): TimedCall {
  const { image, latentDim } = model.manifest.serve;
  const pixels = image.height * image.width * image.channels;
  switch (task.what) {
    case 'decode': {
      const z = random.fillNormal(new Float32Array(task.images * latentDim));
      return { call: () => model.decode(z), value: (ms) => ms };
    }
    case 'likelihood': {
      const { images, samples } = task;
      const x = binaryImages(random, images * pixels);
      return {
        call: () => model.logLikelihood(x, { samples }),
        value: (ms) => (images * samples) / (ms / 1000),
      };
    }
    case 'step': {
      const batch = session!.inputs().x!.shape[0]!;
      const x = binaryImages(random, batch * pixels);
      return { call: () => session!.step({ x }), value: (ms) => ms };
    }
  }
}

/** About as many white pixels as digits have. */
function binaryImages(random: Random, size: number): Float32Array {
  return random.fillUniform(new Float32Array(size)).map((value) => Number(value < 0.2));
}

function latent(model: Model): LatentModel {
  if (model.kind === 'latent') return model;
  throw new TypeError(`${model.location} is no latent model`);
}
