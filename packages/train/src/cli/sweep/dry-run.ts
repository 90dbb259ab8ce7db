import { Random } from '@onnx-forge/infer';
import type { OptionValues } from '../../options/option.js';
import { SweepFolder } from '../../sweep/folder.js';
import { SAMPLERS } from '../../sweep/samplers/index.js';
import { repetitionsOf, type SweepSpec } from '../../sweep/spec.js';
import { trialCount } from '../../sweep/sweep.js';
import type { Outcome } from '../command.js';
import type { PlannedSweep } from '../inputs/sweep-file.js';
import { formatSeconds } from '../output/format.js';
import { probeTrial } from './probe.js';
import { settingsText } from './show.js';

/** Iterations that the cost is measured with. */
const MEASURED = 10;
/** Trials that are shown. */
const SHOWN = 50;

/** Settings of trials that are drawn without knowing any result. */
export function firstTrials({ search, space, seed }: SweepSpec, count: number): readonly OptionValues[] {
  return Array.from({ length: count }, (_, number) =>
    SAMPLERS[search].settings({ space, number, past: [], random: new Random(seed).fork(`trial ${number}`) }),
  );
}

/** The trials of a sweep, and the time that they take by a few iterations of the first one's settings. */
export async function dryRun({ spec, request }: PlannedSweep): Promise<Outcome> {
  const sampler = SAMPLERS[spec.search];
  const trials = trialCount(spec);
  const known = sampler.learns ? Math.min(trials, spec.batch) : trials;
  const settings = firstTrials(spec, Math.min(known, SHOWN));
  const { steps, msPerStep } = await probeTrial(request, settings[0]!, { target: spec.target, iterations: MEASURED });
  const trainings = trials * repetitionsOf(spec).length;
  const seconds = (steps * msPerStep * trainings) / 1_000;
  const lines = settings.map((one, number) => `trial ${SweepFolder.trialName(number)}  ${settingsText(one)}`);
  if (trials > settings.length) {
    lines.push(
      sampler.learns
        ? `and ${trials - settings.length} that depend on these`
        : `and ${trials - settings.length} others`,
    );
  }
  const earlier = spec.stopping.name === 'none' ? '' : ' at most, as poor trials are stopped early';
  lines.push(
    `${trials} trials, ${trainings} trainings: about ${formatSeconds(seconds)} of training in one process${earlier}, ` +
      `by ${MEASURED} iterations of the first trial; validation and start-up come on top`,
  );
  return { text: lines.join('\n'), json: { trials, settings, seconds } };
}
