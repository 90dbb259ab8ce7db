import type { OnEvent, PhaseEvent, StartEvent } from '../../trainer/events.js';
import { formatMetrics, formatNumber } from './format.js';
import type { Progress } from './progress.js';

const PHASES: Readonly<Record<PhaseEvent['phase'], string>> = {
  prepare: 'preparing',
  compile: 'compiling',
  export: 'exporting',
  evaluate: 'evaluating',
  figures: 'drawing',
};

/** Shows what happens to a run. `name` is what lines call the run. */
export function showTraining(progress: Progress, name: string): OnEvent {
  return (event) => {
    switch (event.type) {
      case 'start':
        return progress.line(`${name}: ${describeStart(event)}`);
      case 'step': {
        const { step, steps, epoch, epochs, metrics, msPerStep, etaSeconds } = event;
        const left = Number.isFinite(etaSeconds) ? { etaSeconds } : {};
        const detail = `epoch ${epoch}/${epochs}  ${formatMetrics(metrics)}  ${formatNumber(msPerStep)} ms/step`;
        return progress.update({ task: `${name}: training`, fraction: step / steps, detail, ...left });
      }
      case 'epoch': {
        const { epoch, epochs, train, validation } = event;
        const held = Object.keys(validation).length > 0 ? `  validation ${formatMetrics(validation)}` : '';
        return progress.line(`${name}: epoch ${epoch}/${epochs}  ${formatMetrics(train)}${held}`);
      }
      case 'phase': {
        const { phase, detail, fraction } = event;
        return progress.update({ task: `${name}: ${PHASES[phase]}`, fraction, detail });
      }
      case 'notice':
        return progress.notice(`${name}: ${event.text}`);
      default:
      // Snapshots and checkpoints are routine; measurements and figures are in the summary.
    }
  };
}

function describeStart({ epochs, stepsPerEpoch, dataSet, seed, engine, device, step, steps }: StartEvent): string {
  const what = `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} of ${stepsPerEpoch} iterations on ${dataSet}, seed ${seed}, ${engine} on ${device}`;
  if (step === 0) return what;
  return step < steps ? `${what}; going on after iteration ${step} of ${steps}` : `${what}; trained already`;
}
