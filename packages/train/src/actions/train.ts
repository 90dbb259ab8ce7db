import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { FormOptions } from '@onnx-forge/export';
import { InputError, Random } from '@onnx-forge/infer';
import { COUNT, checked } from '@onnx-forge/infer/value-rule';
import type { DataSet } from '../data/data-set.js';
import { dataFacts } from '../data/facts.js';
import { requireSoundData } from '../data/sound.js';
import { AVERAGE_PREFIX, WeightAverages } from '../engine/averages.js';
import { CompiledEngine } from '../engine/compiled.js';
import { EagerEngine } from '../engine/eager.js';
import type { Engine } from '../engine/engine.js';
import { TrainError } from '../errors.js';
import { kindName } from '../kinds/served.js';
import { seededInitializers } from '../layers/initializers.js';
import { type Networks, networkWeights, vectorNormalisation } from '../layers/network.js';
import { Logs } from '../metrics/logs.js';
import { isSinkName, namedSink } from '../metrics/sinks/index.js';
import type { MetricSink } from '../metrics/sinks/sink.js';
import { loadData, recipeData } from '../recipe/data.js';
import { recipeOptions, requireTrainable } from '../recipe/recipe.js';
import { keepBase } from '../run/base.js';
import { type Checkpoint, loadBest, loadCheckpoint, type RunIdentity, settleBest } from '../run/checkpoint.js';
import { RunFolder } from '../run/folder.js';
import { removeLeftovers } from '../run/leftovers.js';
import { lockRun, type RunLock } from '../run/lock.js';
import { readSource, startingWeights } from '../run/starting-weights.js';
import { StatusRecord } from '../run/status.js';
import { useBackend } from '../tfjs-backend.js';
import { Callbacks } from '../trainer/callbacks/callbacks.js';
import { requestedCallbacks } from '../trainer/callbacks/requested.js';
import { finish, type PortableSteps } from '../trainer/finish.js';
import { describeUnused, formOptions } from '../trainer/forms.js';
import { changeOfLength, describeExtension, trainingLength } from '../trainer/length.js';
import { TrainingLoop } from '../trainer/loop.js';
import type { TrainRequest, TrainResult } from '../trainer/request.js';
import { asSplitBefore, requireSameOrigin, requireSameRun, saysNoLength } from '../trainer/resume.js';
import { drawFigures } from './draw.js';
import { evaluateRun } from './evaluate.js';

export type { TrainRequest, TrainResult } from '../trainer/request.js';

/** Texts that are looked at for a short one. */
const EXAMPLES = 100;

/**
 * Trains a recipe into a run folder: checkpoints and metrics on the way; at the end the exported graphs and the
 * manifest, then (on the exported graphs) evaluation and figures.
 *
 * @throws TrainError, DataError, DeviceError ...: all ForgeErrors, one clear line each
 */
export async function train(request: TrainRequest): Promise<TrainResult> {
  const { recipe, resume = false, force = false } = request;
  for (const name of ['maxSteps', 'samples'] as const) {
    if (request[name] !== undefined) checked(name, request[name], COUNT);
  }
  recipeOptions(recipe, request);
  const folder = new RunFolder(request.out);
  await folder.check({ resume, force });
  await using lock = await lockRun(folder.path);
  const status = new StatusRecord();
  try {
    const result = await trainLocked(request, { folder, lock, status });
    await status.end(result.status);
    return result;
  } catch (error) {
    await status.end(status.trained ? 'finished' : 'failed', error).catch(() => {});
    throw error;
  }
}

/** The same in a folder that is this process's. */
async function trainLocked(
  request: TrainRequest,
  { folder, lock, status: record }: { folder: RunFolder; lock: RunLock; status: StatusRecord },
): Promise<TrainResult> {
  const { recipe, resume = false, extend = false, signal } = request;
  const onEvent = request.onEvent ?? (() => {});
  await removeLeftovers(folder.path);
  const onNotice = (text: string) => onEvent({ type: 'notice', text });
  const checkpoint = resume ? await loadCheckpoint(folder.path, onNotice) : undefined;
  if (checkpoint?.best) await settleBest(folder.path, checkpoint.best);
  const source =
    request.from !== undefined && checkpoint === undefined
      ? await readSource(request.from, folder.path, onNotice)
      : undefined;
  await using logs = new Logs(sinksOf(request, checkpoint));
  const callbacks = new Callbacks(requestedCallbacks(request, checkpoint?.callbacks), checkpoint);
  const before = [checkpoint, source].find((run) => run?.recipe === recipe.name);
  const options = recipeOptions(recipe, request, before?.options);
  if (checkpoint === undefined) requireTrainable(recipe, options);
  const { seed = before?.seed ?? 1, engine: engineName = before?.engine ?? 'compiled', saveStep } = request;
  if (saveStep && engineName === 'eager') {
    throw new InputError('the eager engine has no graph of its step to save: use the compiled one', { saveStep });
  }

  if ((request.forms ?? 'default') !== 'default' && engineName === 'eager') {
    throw new InputError('the eager engine has no forms to choose: use the compiled one', { forms: request.forms });
  }
  const forms = await formOptions(request, checkpoint?.forms, onNotice);

  onEvent({ type: 'phase', phase: 'prepare', detail: 'data', fraction: 0 });
  const chosen = request.data ?? before?.reference ?? before?.dataSet ?? 'embedded';
  const loaded = await loadData(recipe, {
    ...request,
    data: checkpoint ? asSplitBefore(chosen, checkpoint) : chosen,
    onProgress: (done, of) =>
      onEvent({ type: 'phase', phase: 'prepare', detail: `data: ${done} of ${of}`, fraction: done / of }),
  });
  const { reference, found } = loaded;
  if (found !== undefined) onNotice(`${loaded.name}: ${found}`);
  const data = await recipeData(recipe, { data: loaded, options });
  requireSoundData(data);
  let identity: RunIdentity = {
    ...{ recipe: recipe.name, options, dataSet: data.name, seed, engine: engineName },
    ...(reference && { reference }),
  };
  const length = trainingLength(recipe, options, {
    examples: data.splits.train.size,
    maxSteps: request.maxSteps ?? (checkpoint && saysNoLength(request) ? checkpoint.steps : undefined),
  });
  if (checkpoint) {
    requireSameRun(recipe, identity, checkpoint, folder.path);
    requireSameOrigin(request.from, checkpoint, folder.path);
    const change = changeOfLength(folder.path, checkpoint, length, extend);
    if (change) onNotice(describeExtension(change));
    const extended = [...(checkpoint.extended ?? []), ...(change ? [change] : [])];
    identity = {
      ...identity,
      ...(checkpoint.from && { from: checkpoint.from }),
      ...(extended.length > 0 && { extended }),
    };
  }

  const random = new Random(seed);
  const stepRandom = checkpoint ? Random.fromState(checkpoint.random) : random.fork('steps');
  await useBackend(engineName === 'eager' ? (request.backend ?? 'cpu') : 'cpu');
  const facts = dataFacts(data);
  const makeNets = () => recipe.nets(options, seededInitializers(random.fork('weights')), facts);
  const nets = makeNets();
  requireBatch(recipe.name, options.batchSize, nets);
  const averages = options.averaging > 0 ? new WeightAverages(nets, makeNets(), options.averaging) : undefined;
  const served = recipe.serves(averages?.nets ?? nets, options, facts);
  const parts = { recipe, nets, averages, options, random: stepRandom };
  const engine = await makeEngine({ ...request, engine: engineName }, parts, forms);
  let loop: TrainingLoop;
  let status: TrainResult['status'];
  try {
    if (engine instanceof CompiledEngine && Object.keys(engine.forms).length > 0) {
      identity = { ...identity, forms: engine.forms };
      const unused = describeUnused(forms.forms, engine.forms);
      if (unused !== undefined) onNotice(unused);
    }
    // Only now: a device that is not there must not cost the run that is replaced.
    if (checkpoint) await engine.restore(checkpoint.state);
    if (source) {
      const start = startingWeights(source, networkWeights(nets), { state: await engine.state(), ...request });
      await engine.restore(start.state);
      identity = { ...identity, from: start.origin };
      onNotice(`${start.says}${before === source ? '; settings that are not given are those of that run' : ''}`);
    }
    if (!checkpoint) {
      await folder.begin();
      await keepBase(folder, recipe.keeps ?? {});
    }
    loop = new TrainingLoop(
      {
        folder,
        lock,
        logs,
        callbacks,
        identity,
        recipe,
        served,
        engine,
        data,
        batchSize: options.batchSize,
        epochs: options.epochs,
        maxSteps: length.steps,
        stepRandom,
        threads: request.threads,
        logEvery: request.logEvery ?? 50,
        checkpointSeconds: request.checkpointSeconds ?? 60,
        signal,
        onEvent,
      },
      checkpoint,
    );
    const { device } = engine;
    const about = { recipe: recipe.name, seed, engine: engineName, device };
    const sinkRun = {
      folder: folder.path,
      settings: { ...about, dataSet: data.name, ...options },
      step: checkpoint?.step ?? 0,
      onNotice,
    };
    await logs.open(sinkRun, folder.file('log'), checkpoint?.sinks);
    const { steps, stepsPerEpoch } = loop;
    await record.begin(folder, { ...about, data: data.name, options, steps, stepsPerEpoch });
    status = await loop.run();
    if (status === 'finished' && callbacks.has('best-checkpoint') && !callbacks.best) {
      onNotice('no epoch was done to its end, so that none is the best: the last weights are exported');
    }
    if (callbacks.stopped) onNotice(`ended after iteration ${loop.step}: ${callbacks.stopped.reason}`);
    if (status === 'finished') {
      const best = callbacks.best && (await loadBest(folder.path, callbacks.best));
      if (best) await engine.restore(best.state);
      const weights = networkWeights(averages?.nets ?? nets);
      const portable =
        saveStep && engine instanceof CompiledEngine
          ? async (): Promise<PortableSteps> => ({
              steps: engine.portableSteps(),
              state: await engine.state(),
              random: best?.random ?? stepRandom.state(),
              prefix: averages ? AVERAGE_PREFIX : '',
            })
          : undefined;
      await finish(folder, { identity, served, weights, engine, portable, data, loop, callbacks, onEvent });
      record.trained = true;
    }
  } finally {
    await engine.dispose();
    disposeNetworks(nets);
    averages?.dispose();
  }
  const { step, stepsPerEpoch, seconds, metrics } = loop;
  const about = { status, recipe: recipe.name, kind: kindName(served.kind), out: folder.path };
  const { stopped, best } = callbacks;
  const example = exampleText(data);
  const decided = { ...(stopped && { stopped }), ...(best && { best }), ...(example && { example }) };
  const done = { ...about, steps: step, epochs: step / stepsPerEpoch, seconds, ...decided };
  if (status === 'interrupted') {
    await logs.close(status);
    return { ...done, metrics, measurements: [], figures: [] };
  }

  const after = { recipe, run: folder.path, data: loaded, ...afterTraining(request) };
  const { samples, evaluate = true, figures = true } = request;
  const measurements = evaluate ? await evaluateRun({ ...after, seed, ...(samples && { samples }) }) : [];
  const files = figures ? await drawFigures(after) : [];
  await logImages(logs, files, step);
  await logs.close(status);
  return { ...done, metrics, measurements, figures: files };
}

/**
 * The sinks of a training: metrics.jsonl, which every run has, those by name, and the caller's own.
 *
 * @throws InputError when there is none of a name
 */
function sinksOf({ log, sinks = [] }: TrainRequest, checkpoint: Checkpoint | undefined): MetricSink[] {
  const before = Object.keys(checkpoint?.sinks ?? {}).filter(isSinkName);
  const names = new Set<string>(['jsonl', ...(log ?? before)]);
  return [...[...names].map((name) => namedSink(name)), ...sinks];
}

/** Hands the figures to sinks that take pictures. */
async function logImages(logs: Logs, files: readonly string[], step: number): Promise<void> {
  if (!logs.takesImages) return;
  for (const file of files) {
    if (extname(file) !== '.png') continue;
    await logs.image({ name: `figures/${basename(file, '.png')}`, step, png: await readFile(file) });
  }
}

function makeEngine(
  { engine, device, threads }: TrainRequest,
  parts: ConstructorParameters<typeof EagerEngine>[0] & { options: { batchSize: number } },
  forms: FormOptions,
): Promise<Engine> | Engine {
  if (engine === 'eager') return new EagerEngine(parts);
  const { batchSize } = parts.options;
  return CompiledEngine.compile(parts, {
    batchSize,
    ...forms,
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
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

/** @throws TrainError (`option-invalid`) a batch of one example where vectors are normalised over it */
function requireBatch(recipe: string, batchSize: number, nets: Networks): void {
  const layer = batchSize === 1 ? vectorNormalisation(nets) : undefined;
  if (layer === undefined) return;
  disposeNetworks(nets);
  const message = `recipe '${recipe}' has a batch normalisation of vectors (${layer}), which a batch of one example has no variance for: batchSize must be at least 2`;
  throw new TrainError('option-invalid', message, { recipe, batchSize, layer });
}

/** The first short text of the training split that a terminal shows as it is; its words are those that the model knows. */
function exampleText({ splits }: DataSet): string | undefined {
  const { source, text } = splits.train.texts ?? {};
  return (source ?? text)?.slice(0, EXAMPLES).find((one) => /^[^-\p{C}]\P{C}{1,79}$/u.test(one));
}

function disposeNetworks(nets: Networks): void {
  for (const net of Object.values(nets)) net.dispose();
}
