import { InputError, Random } from '@onnx-forge/infer';
import type { DataSet } from '../data/data-set.js';
import { dataFacts } from '../data/facts.js';
import { requireSoundData } from '../data/sound.js';
import { AVERAGE_PREFIX, WeightAverages } from '../engine/averages.js';
import { CompiledEngine } from '../engine/compiled.js';
import { EagerEngine } from '../engine/eager.js';
import type { Engine } from '../engine/engine.js';
import { TrainError } from '../errors.js';
import type { Served } from '../kinds/served.js';
import { seededInitializers } from '../layers/initializers.js';
import { type Networks, type NetworkWeight, networkWeights } from '../layers/network.js';
import { loadData, recipeData } from '../recipe/data.js';
import { recipeOptions } from '../recipe/recipe.js';
import { type Checkpoint, loadCheckpoint, type RunIdentity } from '../run/checkpoint.js';
import { RunFolder } from '../run/folder.js';
import { CurrentGraphs, writeGraphs } from '../run/graphs.js';
import { removeLeftovers } from '../run/leftovers.js';
import { lockRun } from '../run/lock.js';
import { writeManifest } from '../run/manifest.js';
import { provenance } from '../run/provenance.js';
import { type TrainingFacts, writeTraining } from '../run/saved-step.js';
import { useBackend } from '../tfjs-backend.js';
import { TrainingLoop } from '../trainer/loop.js';
import type { TrainRequest, TrainResult } from '../trainer/request.js';
import { drawFigures } from './draw.js';
import { evaluateRun } from './evaluate.js';

export type { TrainRequest, TrainResult } from '../trainer/request.js';

/**
 * Trains a recipe into a run folder: checkpoints and metrics on the way; at the end the exported graphs and the
 * manifest, then (on the exported graphs) evaluation and figures.
 *
 * @throws TrainError, DataError, DeviceError ...: all ForgeErrors, one clear line each
 */
export async function train(request: TrainRequest): Promise<TrainResult> {
  const { recipe, resume = false, force = false, signal } = request;
  const onEvent = request.onEvent ?? (() => {});
  requirePositive('maxSteps', request.maxSteps);
  requirePositive('samples', request.samples);
  recipeOptions(recipe, request);
  const folder = new RunFolder(request.out);
  await folder.check({ resume, force });
  await using lock = await lockRun(folder.path);
  await removeLeftovers(folder.path);
  const onNotice = (text: string) => onEvent({ type: 'notice', text });
  const checkpoint = resume ? await loadCheckpoint(folder.path, onNotice) : undefined;
  const options = recipeOptions(recipe, request, checkpoint?.recipe === recipe.name ? checkpoint.options : {});
  const { seed = checkpoint?.seed ?? 1, engine: engineName = checkpoint?.engine ?? 'compiled', saveStep } = request;
  if (saveStep && engineName === 'eager') {
    throw new InputError('the eager engine has no graph of its step to save: use the compiled one', { saveStep });
  }

  onEvent({ type: 'phase', phase: 'prepare', detail: 'data', fraction: 0 });
  const source = request.data ?? checkpoint?.reference ?? checkpoint?.dataSet ?? 'embedded';
  const loaded = await loadData(recipe, { ...request, data: source });
  const { reference, found } = loaded;
  if (found !== undefined) onNotice(`${loaded.name}: ${found}`);
  const data = await recipeData(recipe, { data: loaded, options });
  requireSoundData(data);
  const identity: RunIdentity = {
    ...{ recipe: recipe.name, options, dataSet: data.name, seed, engine: engineName },
    ...(reference && { reference }),
  };
  if (checkpoint) requireSameRun(identity, checkpoint, folder.path);

  const random = new Random(seed);
  const stepRandom = checkpoint ? Random.fromState(checkpoint.random) : random.fork('steps');
  await useBackend(engineName === 'eager' ? (request.backend ?? 'cpu') : 'cpu');
  const facts = dataFacts(data);
  const makeNets = () => recipe.nets(options, seededInitializers(random.fork('weights')), facts);
  const nets = makeNets();
  const averages = options.averaging > 0 ? new WeightAverages(nets, makeNets(), options.averaging) : undefined;
  const served = recipe.serves(averages?.nets ?? nets, options, facts);
  const parts = { recipe, nets, averages, options, random: stepRandom };
  const engine = await makeEngine({ ...request, engine: engineName }, parts);
  let loop: TrainingLoop;
  let status: TrainResult['status'];
  try {
    // Only now: a device that is not there must not cost the run that is replaced.
    if (checkpoint) await engine.restore(checkpoint.state);
    else await folder.begin();
    loop = await TrainingLoop.open(
      {
        folder,
        lock,
        identity,
        recipe,
        served,
        engine,
        data,
        batchSize: options.batchSize,
        epochs: options.epochs,
        maxSteps: request.maxSteps ?? Number.POSITIVE_INFINITY,
        random,
        stepRandom,
        logEvery: request.logEvery ?? 50,
        checkpointSeconds: request.checkpointSeconds ?? 60,
        signal,
        onEvent,
      },
      checkpoint,
    );
    const { step, steps, stepsPerEpoch } = loop;
    if (checkpoint) noteOtherEnd(checkpoint, steps, onNotice);
    const { epochs } = options;
    const { device } = engine;
    const start = { recipe: recipe.name, options, dataSet: data.name, seed, engine: engineName, device };
    onEvent({ type: 'start', ...start, step, steps, stepsPerEpoch, epochs });
    status = await loop.run();
    if (status === 'finished') {
      const weights = networkWeights(averages?.nets ?? nets);
      const portable =
        saveStep && engine instanceof CompiledEngine
          ? async (): Promise<Portable> => ({
              steps: engine.portableSteps(),
              state: await engine.state(),
              random: stepRandom.state(),
              prefix: averages ? AVERAGE_PREFIX : '',
            })
          : undefined;
      await finish(folder, { identity, served, weights, engine, portable, data, loop, onEvent });
    }
  } finally {
    await engine.dispose();
    disposeNetworks(nets);
    averages?.dispose();
  }
  const { step, stepsPerEpoch, seconds, metrics } = loop;
  const { kind } = served;
  const about = { status, recipe: recipe.name, kind, out: folder.path };
  const done = { ...about, steps: step, epochs: step / stepsPerEpoch, seconds };
  if (status === 'interrupted') return { ...done, metrics, measurements: [], figures: [] };

  const after = { recipe, run: folder.path, data: loaded, ...afterTraining(request) };
  const { samples, evaluate = true, figures = true } = request;
  const measurements = evaluate ? await evaluateRun({ ...after, seed, ...(samples && { samples }) }) : [];
  return { ...done, metrics, measurements, figures: figures ? await drawFigures(after) : [] };
}

function makeEngine(
  { engine, device, threads }: TrainRequest,
  parts: ConstructorParameters<typeof EagerEngine>[0] & { options: { batchSize: number } },
): Promise<Engine> | Engine {
  if (engine === 'eager') return new EagerEngine(parts);
  const { batchSize } = parts.options;
  return CompiledEngine.compile(parts, {
    batchSize,
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
  });
}

/** A training that can go on elsewhere. */
type Portable = Pick<TrainingFacts, 'steps' | 'state' | 'random' | 'prefix'>;

/** Writes graphs and manifest. The old manifest goes first: in between, the folder must not look like a whole run. */
async function finish(
  folder: RunFolder,
  {
    identity,
    served,
    weights,
    engine,
    portable,
    data,
    loop,
    onEvent,
  }: {
    identity: RunIdentity;
    served: Served;
    weights: readonly NetworkWeight[];
    engine: Engine;
    portable: (() => Promise<Portable>) | undefined;
    data: DataSet;
    loop: TrainingLoop;
    onEvent: NonNullable<TrainRequest['onEvent']>;
  },
): Promise<void> {
  await engine.writeBack();
  await folder.remove('manifest');
  const metadata = provenance(identity, data);
  const graphs = await writeGraphs(folder, served.graphs, weights, metadata, (detail, fraction) =>
    onEvent({ type: 'phase', phase: 'export', detail, fraction }),
  );
  await using current = new CurrentGraphs(served.graphs, new Set(Object.keys(served.graphs)));
  const learned = await served.calibrate?.(current, data.splits.validation);
  const training =
    portable &&
    (await writeTraining(folder, { ...(await portable()), graphs: served.graphs, entries: graphs, weights, metadata }));
  const { step: steps, stepsPerEpoch } = loop;
  const { device } = engine;
  await writeManifest(folder, {
    identity,
    served: { ...served, facts: { ...served.facts, ...learned } },
    graphs,
    training,
    data,
    device,
    steps,
    epochs: steps / stepsPerEpoch,
    metrics: [],
  });
}

function afterTraining({ dataDir, judge, device, threads, signal, onEvent }: TrainRequest) {
  return {
    ...(judge !== undefined && { judge }),
    ...(dataDir !== undefined && { dataDir }),
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onEvent && { onEvent }),
  };
}

/** A run goes on as what it was started as; only its length may change. */
function requireSameRun(now: RunIdentity, then: Checkpoint, path: string): void {
  const facts = ({ recipe, dataSet, seed, engine, options, reference }: RunIdentity) => {
    const { epochs: _, ...others } = options;
    const own = { 'data options': JSON.stringify(reference?.options), 'data sha256': reference?.sha256 };
    return { recipe, dataSet, seed, engine, ...others, ...own } as Readonly<Record<string, unknown>>;
  };
  const [before, after] = [facts(then), facts(now)];
  const name = [...new Set([...Object.keys(before), ...Object.keys(after)])].find((key) => before[key] !== after[key]);
  if (name === undefined) return;
  const message = `${path} was started with ${name} = ${before[name]}, not ${after[name]}: resume it with the same, or start again with --force`;
  throw new TrainError('checkpoint-mismatch', message, { path, name, before: before[name], after: after[name] });
}

/** A schedule that ends with the training has taken another way so far than in a training of the new length. */
function noteOtherEnd(
  { options, steps: before, step }: Checkpoint,
  steps: number,
  onNotice: (text: string) => void,
): void {
  if (options.schedule !== 'cosine' || before === undefined || before === steps) return;
  onNotice(
    `the cosine schedule led to iteration ${before} and now leads to ${steps}: from iteration ${step} on the learning rate ` +
      'is that of the new length, so the weights are not those of one training in one go',
  );
}

function requirePositive(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) {
    throw new InputError(`${name} must be a whole number of at least 1, not ${value}`, { [name]: value });
  }
}

function disposeNetworks(nets: Networks): void {
  for (const net of Object.values(nets)) net.dispose();
}
