import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { StateArray, TrainingState } from '@onnx-forge/infer';
import { AVERAGE_PREFIX } from '../engine/averages.js';
import { TrainError } from '../errors.js';
import type { NetworkWeight } from '../layers/network.js';
import { suggestion } from '../suggest.js';
import { type Checkpoint, loadBest, loadCheckpoint, type Origin } from './checkpoint.js';

/** A run whose weights another one begins with: its checkpoint, and its folder, absolute. */
export type WeightSource = Checkpoint & { readonly run: string };

/**
 * The run that a training is to begin from.
 *
 * @param out the folder of the training itself
 * @throws TrainError (`weights-unfit`) when it has no checkpoint, or is the run itself
 */
export async function readSource(from: string, out: string, onNotice: (text: string) => void): Promise<WeightSource> {
  const run = resolve(from);
  if (run === resolve(out)) {
    const message = `--from ${from} is the run folder itself: go on with it by --resume, or give another --out`;
    throw new TrainError('weights-unfit', message, { run });
  }
  const checkpoint = await loadCheckpoint(run, onNotice);
  if (checkpoint !== undefined) {
    // The weights that the run exported.
    const best = checkpoint.best && (await loadBest(run, checkpoint.best));
    return { ...(best ?? checkpoint), run };
  }
  const isThere = await stat(run).then(Boolean, () => false);
  const message = isThere
    ? `${from} has no checkpoint, which --from takes the weights from: a copy for serving has none, the folder that the run was trained in has`
    : `there is no run folder ${from} to take weights from`;
  throw new TrainError('weights-unfit', message, { run });
}

export interface Start {
  /** For the engine: the new run's state with the weights of the other one. */
  readonly state: TrainingState;
  readonly origin: Origin;
  /** One line: which weights were taken. */
  readonly says: string;
}

/**
 * The state of a new training with the weights of another run: its averaged ones if it has averages, because those are what
 * it exports. Optimizer slots stay as they are, new.
 *
 * @param weights of the new run's networks
 * @throws TrainError (`weights-unfit`) naming a weight that is missing there or has another shape, and a pattern that fits none
 */
export function startingWeights(
  source: WeightSource,
  weights: readonly Pick<NetworkWeight, 'name'>[],
  { state, fromExcept }: { readonly state: TrainingState; readonly fromExcept?: string | undefined },
): Start {
  const names = weights.map(({ name }) => name);
  const anew = exceptions(names, fromExcept);
  const taken = names.filter((name) => !anew.includes(name));
  const arrays = taken.map((name) => [name, weightOf(source, name)] as const);
  const unfit = arrays.filter(([name, array]) => !array || `${array.shape}` !== `${state[name]?.shape}`);
  if (unfit.length > 0) throw unfitWeights(source, state, unfit);
  if (taken.length === 0) {
    const message = `--from-except leaves out all ${names.length} weights, so nothing is taken from ${source.run}`;
    throw new TrainError('weights-unfit', message, { run: source.run });
  }
  const started: Record<string, StateArray> = { ...state };
  for (const [name, array] of arrays) {
    for (const target of [name, `${AVERAGE_PREFIX}${name}`]) if (target in state) started[target] = array!;
  }
  const { run, recipe, step } = source;
  return {
    state: started,
    origin: { run, recipe, step, sha256: hashOf(arrays as readonly (readonly [string, StateArray])[]), anew },
    says: describe(source, names, { taken, anew }),
  };
}

function weightOf({ state }: WeightSource, name: string): StateArray | undefined {
  return state[`${AVERAGE_PREFIX}${name}`] ?? state[name];
}

/** Names that patterns fit. */
function exceptions(names: readonly string[], patterns: string | undefined): string[] {
  const found = new Set<string>();
  for (const pattern of patterns?.split(',').map((one) => one.trim()) ?? []) {
    const literal = (text: string) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    const expression = new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`);
    const fitting = names.filter((name) => expression.test(name));
    if (fitting.length === 0) {
      const hint = suggestion(pattern, names) || `; weights: ${names.join(', ')}`;
      throw new TrainError('weights-unfit', `--from-except '${pattern}' fits no weight${hint}`, { pattern, names });
    }
    for (const name of fitting) found.add(name);
  }
  return names.filter((name) => found.has(name));
}

function unfitWeights(
  { run }: WeightSource,
  state: TrainingState,
  unfit: readonly (readonly [name: string, array: StateArray | undefined])[],
): TrainError {
  const [name, array] = unfit[0]!;
  const here = `[${state[name]?.shape}]`;
  const there = array ? `is [${array.shape}] in ${run} and ${here} here` : `is not in ${run}; here it is ${here}`;
  const others = unfit.length > 1 ? ` (and ${unfit.length - 1} more do not fit)` : '';
  const networks = [...new Set(unfit.map(([one]) => `${one.split('/')[0]}/*`))];
  const names = (unfit.length > 4 ? networks : unfit.map(([one]) => one)).join(',');
  const message = `'${name}' ${there}${others}: give the settings of that run, or let it begin anew by --from-except '${names}'`;
  throw new TrainError('weights-unfit', message, { run, weights: unfit.map(([one]) => one) });
}

function hashOf(arrays: readonly (readonly [name: string, array: StateArray])[]): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of arrays.toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** `weights of /runs/a (vae, iteration 400): all 12 (encoder 6, decoder 6)`. */
function describe(
  { run, recipe, step, state }: WeightSource,
  names: readonly string[],
  { taken, anew }: { readonly taken: readonly string[]; readonly anew: readonly string[] },
): string {
  const networks = new Map<string, number>();
  for (const name of taken) {
    const network = name.split('/')[0]!;
    networks.set(network, (networks.get(network) ?? 0) + 1);
  }
  const counts = [...networks].map(([network, count]) => `${network} ${count}`).join(', ');
  const averaged = taken.some((name) => `${AVERAGE_PREFIX}${name}` in state) ? ', its running averages' : '';
  const all = anew.length === 0 ? `all ${names.length} weights` : `${taken.length} of ${names.length} weights`;
  const rest = anew.length === 0 ? '' : `; anew: ${anew.join(', ')}`;
  return `begins with ${all} of ${run} (${recipe}, iteration ${step}${averaged}): ${counts}${rest}; the optimizer begins anew`;
}
