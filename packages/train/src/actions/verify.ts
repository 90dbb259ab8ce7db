import { type DeviceVerification, type OnnxExport, tf, verify } from '@onnx-forge/export';
import { type AnyManifest, type DeviceRequest, loadManifest, Random, readGraphFiles } from '@onnx-forge/infer';
import { dataFacts } from '../data/facts.js';
import { AVERAGE_PREFIX } from '../engine/averages.js';
import { TrainError } from '../errors.js';
import type { GraphInput } from '../kinds/graph.js';
import { seededInitializers } from '../layers/initializers.js';
import { type Networks, networkWeights } from '../layers/network.js';
import type { OptionValues } from '../options/option.js';
import { type Recipe, recipeOptions } from '../recipe/recipe.js';
import { loadBest, loadCheckpoint } from '../run/checkpoint.js';

export interface VerifyRunRequest {
  readonly recipe: Recipe;
  /** The run folder. */
  readonly run: string;
  /** Default `cpu`. */
  readonly device?: DeviceRequest;
  readonly signal?: AbortSignal;
  /** Called before each graph. */
  readonly onGraph?: (name: string, fraction: number) => void;
}

/** How far one graph of a run is from tfjs. */
export interface GraphVerification extends DeviceVerification {
  readonly graph: string;
}

/**
 * Runs every graph file of a trained run on a device, and beside it the recipe's own tfjs code with the weights of the
 * run's checkpoint (on tfjs's cpu backend), with equal random inputs.
 *
 * @throws TrainError (`checkpoint-mismatch`) when checkpoint and graphs are not of the same moment
 */
export async function verifyRun(request: VerifyRunRequest): Promise<GraphVerification[]> {
  const { recipe, run, device = 'cpu', signal, onGraph = () => {} } = request;
  const manifest = await loadManifest(run, { kinds: recipe.kinds });
  const options = recipeOptions(recipe, {}, manifest.options as OptionValues);
  const facts = dataFacts(manifest);
  const nets = recipe.nets(options, seededInitializers(new Random(0)), facts);
  try {
    await restoreWeights(nets, run, manifest);
    const { graphs } = recipe.serves(nets, options, facts);
    const all = Object.entries(manifest.graphs);
    const verifications: GraphVerification[] = [];
    for (const [index, [graph, entry]] of all.entries()) {
      signal?.throwIfAborted();
      onGraph(graph, index / all.length);
      const source = graphs[graph];
      if (source === undefined) {
        const message = `${run} has a graph '${graph}', which the recipe '${recipe.name}' does not define any more`;
        throw new TrainError('checkpoint-mismatch', message, { run, graph });
      }
      const { externalData: _, ...signature } = entry;
      const exported: OnnxExport = { ...signature, ...(await readGraphFiles(run, entry)) };
      const verification = await verify(exported, (inputs) => ({ ...source.run(inputs) }), {
        device,
        sample: (name, _, random) => sampleInput(source.inputs[name]!, random),
      });
      verifications.push({ graph, ...verification });
    }
    return verifications;
  } finally {
    for (const net of Object.values(nets)) net.dispose();
  }
}

function sampleInput(input: GraphInput, random: Random): number {
  return 'dtype' in input ? random.integer(input.below) : random.normal();
}

/** Gives the networks the weights that the run was exported with. */
async function restoreWeights(nets: Networks, run: string, { steps, chosen }: AnyManifest): Promise<void> {
  const refuse = (reason: string) => new TrainError('checkpoint-mismatch', `${run}: ${reason}`, { run });
  const best = chosen?.checkpoint === 'best';
  const checkpoint = best ? await loadBest(run, chosen) : await loadCheckpoint(run);
  if (checkpoint === undefined) throw refuse('there is no checkpoint, so its graphs have nothing to be compared with');
  if (!best && checkpoint.step !== steps) {
    throw refuse(
      `the checkpoint is of iteration ${checkpoint.step} and the graphs are of ${steps}; end the training by train --resume`,
    );
  }
  const prefix = checkpoint.options.averaging ? AVERAGE_PREFIX : '';
  for (const { name, variable } of networkWeights(nets)) {
    const array = checkpoint.state[`${prefix}${name}`];
    if (array === undefined || `${array.shape}` !== `${variable.shape}`) {
      const found = array === undefined ? 'missing' : `[${array.shape}]`;
      throw refuse(`weight '${name}' is ${found} in the checkpoint and [${variable.shape}] in the recipe`);
    }
    tf.tidy(() => variable.assign(tf.tensor(array.data, [...array.shape], variable.dtype as 'float32')));
  }
}
