import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { train } from '../../actions/train.js';
import { verifyRun } from '../../actions/verify.js';
import type { CommandContext, Outcome } from '../command.js';
import { findRecipe } from '../inputs/recipes.js';
import { requireWritableFolder } from '../output/files.js';
import { formatSeconds, shellWord } from '../output/format.js';
import { measurementTable } from '../output/measurements.js';
import { programName } from '../output/program-name.js';
import { showTraining } from '../output/training-progress.js';

/** So many seconds of training are shown; the whole stays under three minutes on two cores. */
const EPOCHS = 30;
/** Importance samples per image. */
const SAMPLES = 200;
const TOLERANCE = 1e-3;

export interface DemoRequest {
  readonly model: string;
  readonly out: string;
  readonly force: boolean;
}

/** Trains, exports, verifies, evaluates and draws; tells where everything is. */
export async function runDemo({ model, out, force }: DemoRequest, context: CommandContext): Promise<Outcome> {
  const began = performance.now();
  const { progress } = context;
  const recipe = await findRecipe(model);
  await requireWritableFolder(out);
  const signal = context.interruptible('stopping the demo');
  const onEvent = showTraining(progress, recipe.name);
  const set = { epochs: EPOCHS };
  const result = await train({ recipe, out, force, device: 'cpu', set, samples: SAMPLES, signal, onEvent });
  signal.throwIfAborted();
  const graphs = await verifyRun({ recipe, run: out, device: 'cpu', signal });
  progress.end();
  const worst = Math.max(...graphs.map((graph) => graph.worst));
  const ok = worst <= TOLERANCE;
  const figures = result.figures.map((file) => `  ${resolve(file)}`);
  const files = (await readdir(join(out, 'graphs'))).map((file) => `  ${resolve(out, 'graphs', file)}`);
  const run = shellWord(out);
  return {
    text: [
      `Trained ${recipe.name} (${recipe.task}) on generated digits: ${result.steps} iterations in ${formatSeconds(result.seconds)}.`,
      `\nMeasured on the exported graphs:\n${measurementTable(result.measurements)}`,
      `\nGraphs (ONNX); worst relative error against tfjs ${worst.toExponential(1)}${ok ? '' : ': TOO MUCH'}:\n${files.join('\n')}`,
      `\nFigures:\n${figures.join('\n')}`,
      `\nIn ${formatSeconds((performance.now() - began) / 1000)} in all. Go on with:`,
      ...[`sample ${run} -o samples.png --seed 2`, `interpolate ${run} -o way.png`, `train ${recipe.name} --help`].map(
        (line) => `  ${programName()} ${line}`,
      ),
    ].join('\n'),
    json: { ...result, folder: resolve(out), verified: { ok, worst, graphs } },
    failure: ok
      ? undefined
      : `the exported graphs do not agree with tfjs: worst relative error ${worst.toExponential(1)}`,
  };
}
