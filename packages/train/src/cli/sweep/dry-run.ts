import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@onnx-forge/infer';
import { train } from '../../actions/train.js';
import type { OptionValues } from '../../options/option.js';
import { SweepFolder } from '../../sweep/folder.js';
import { SAMPLERS } from '../../sweep/samplers/index.js';
import { trialCount } from '../../sweep/sweep.js';
import type { TrainRequest } from '../../trainer/request.js';
import type { Outcome } from '../command.js';
import type { PlannedSweep } from '../inputs/sweep-file.js';
import { formatSeconds } from '../output/format.js';
import { settingsText } from './show.js';

/** Iterations that the cost is measured with, and those before them that do not count. */
const [MEASURED, WARMUP] = [10, 5];
/** Trials that are shown. */
const SHOWN = 50;

/** The trials of a sweep, and the time that they take by a few iterations of the first one's settings. */
export async function dryRun({ spec, request }: PlannedSweep): Promise<Outcome> {
  const sampler = SAMPLERS[spec.search];
  const trials = trialCount(spec);
  const known = sampler.learns ? Math.min(trials, spec.batch) : trials;
  const settings = Array.from({ length: Math.min(known, SHOWN) }, (_, number) =>
    sampler.settings({ space: spec.space, number, past: [], random: new Random(spec.seed).fork(`trial ${number}`) }),
  );
  const seconds = (await secondsPerTraining(request, settings[0]!)) * trials * spec.seeds.length;
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
    `${trials} trials, ${trials * spec.seeds.length} trainings: about ${formatSeconds(seconds)} of training in one process${earlier}, ` +
      'by the time of some iterations of the first trial',
  );
  return { text: lines.join('\n'), json: { trials, settings, seconds } };
}

async function secondsPerTraining(request: Omit<TrainRequest, 'out'>, settings: OptionValues): Promise<number> {
  const out = await mkdtemp(join(tmpdir(), 'onnx-forge-sweep-'));
  try {
    const times: number[] = [];
    let steps = 0;
    let before = 0;
    await train({
      ...request,
      set: { ...request.set, ...settings },
      ...{ out, force: true, evaluate: false, figures: false },
      maxSteps: Math.min(request.maxSteps ?? Number.MAX_SAFE_INTEGER, WARMUP + MEASURED),
      onEvent(event) {
        if (event.type === 'start') {
          const all = event.stepsPerEpoch * event.epochs;
          steps = Math.min(all, request.maxSteps ?? all);
        }
        if (event.type !== 'step') return;
        const now = performance.now();
        if (event.step > WARMUP) times.push(now - before);
        before = now;
      },
    });
    const mean = times.reduce((sum, time) => sum + time, 0) / Math.max(1, times.length);
    return (mean * steps) / 1_000;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
