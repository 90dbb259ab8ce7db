import type { OptionValues } from '../../options/option.js';
import { SweepFolder } from '../../sweep/folder.js';
import type { SweepEvent } from '../../sweep/sweep.js';
import { trialValue } from '../../sweep/trial.js';
import { formatNumber } from '../output/format.js';
import type { Progress } from '../output/progress.js';

/** `latentDim=10 learningRate=0.0012` */
export function settingsText(settings: OptionValues): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${typeof value === 'number' ? formatNumber(value) : value}`)
    .join(' ');
}

/** Shows how a sweep goes on: a line for each trial that ends. */
export function showSweep(progress: Progress, target: string): (event: SweepEvent) => void {
  let trials = 0;
  let ended = 0;
  return (event) => {
    switch (event.type) {
      case 'begin':
        ({ trials, ended } = event);
        return progress.line(ended > 0 ? `${trials} trials, ${ended} of them ended before` : `${trials} trials`);
      case 'trial': {
        const { number, state, settings, epochs, error } = event.record;
        if (state === 'open') return;
        ended += 1;
        const value = trialValue(event.record);
        const how = {
          finished: `${target} ${formatNumber(value ?? Number.NaN)}`,
          stopped: `stopped after epoch ${epochs}`,
          failed: `FAILED: ${error}`,
        }[state];
        return progress.line(
          `trial ${SweepFolder.trialName(number)} (${ended}/${trials})  ${settingsText(settings)}  ${how}`,
        );
      }
      default:
        return progress.line(event.text);
    }
  };
}
