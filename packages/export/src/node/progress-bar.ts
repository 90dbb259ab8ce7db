import ProgressBar from 'progress';
import { tf } from '../tfjs.js';

/** Shows on the terminal how `model.fit` gets on, unless it is called with `verbose: 0`: a bar on stderr, a line an epoch. */
class ProgressLogger extends tf.CustomCallback {
  constructor() {
    let [batches, seen, start, took] = [0, 0, 0, Number.NaN];
    let bar: ProgressBar | undefined;
    super({
      onTrainBegin: async () => {
        const { samples, batchSize, steps } = this.params as Readonly<Record<string, number | undefined>>;
        // Neither is known of a data set without `batchesPerEpoch`.
        batches = samples !== undefined && samples !== null ? Math.ceil(samples / batchSize!) : (steps ?? 0);
      },
      onEpochBegin: async (epoch) => {
        console.log(`Epoch ${epoch + 1} / ${this.params.epochs}`);
        [seen, start, took] = [0, tf.util.now(), Number.NaN];
        const width = Math.floor(0.5 * (process.stderr.columns || 80));
        const total = batches + 1;
        bar = new ProgressBar('eta=:eta :bar :metrics', { width, total, head: '>', renderThrottle: 50 });
      },
      onBatchEnd: async (batch, logs) => {
        seen++;
        const room = Math.floor(0.5 * (process.stderr.columns || 80) - 12);
        bar?.tick(batches === 0 ? 0 : 1, { metrics: metricsOf(logs, room) });
        await tf.nextFrame();
        // Validation, which follows, does not count.
        if (batch === batches - 1) took = tf.util.now() - start;
      },
      onEpochEnd: async (_epoch, logs) => {
        if (Number.isNaN(took)) took = tf.util.now() - start;
        bar?.tick({ metrics: '' });
        const examples = (this.params.samples as number | undefined) ?? seen;
        console.log(`${took.toFixed(0)}ms ${((1e3 * took) / examples).toFixed(0)}us/step - ${metricsOf(logs)}`);
        await tf.nextFrame();
      },
    });
  }
}

/** `loss=0.123 acc=0.98`, by name; cut to `room` characters. */
function metricsOf(logs: tf.Logs | undefined, room = Number.POSITIVE_INFINITY): string {
  const names = Object.keys(logs ?? {}).filter((name) => name !== 'batch' && name !== 'size');
  const text = names
    .sort()
    .map((name) => `${name}=${shown(logs![name]!)} `)
    .join('');
  return text.length > room ? `${text.slice(0, room - 3)}...` : text;
}

/** Two digits beyond the leading zeros of a fraction, as far as that takes at most four places. */
function shown(value: number): string {
  const isFraction = Number.isFinite(value) && value !== 0 && Math.abs(value) <= 1;
  const places = isFraction ? 2 - Math.floor(Math.log10(Math.abs(value))) : 2;
  return places > 4 ? value.toExponential(2) : value.toFixed(places);
}

/** Shows the progress of `model.fit` at its usual verbosity, 1. */
export function registerProgressLogger(): void {
  tf.registerCallbackConstructor(1, ProgressLogger);
}
