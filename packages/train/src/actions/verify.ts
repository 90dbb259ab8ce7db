import { type DeviceVerification, type OnnxExport, verify } from '@onnx-forge/export';
import { type DeviceRequest, loadManifest, type Random, readGraphFiles } from '@onnx-forge/infer';
import { dataFacts } from '../data/facts.js';
import { TrainError } from '../errors.js';
import type { GraphInput } from '../kinds/graph.js';
import type { OptionValues } from '../options/option.js';
import { type Recipe, recipeOptions } from '../recipe/recipe.js';
import { trainedNetworks } from './trained-networks.js';

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
  const nets = await trainedNetworks(recipe, run, manifest);
  try {
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
