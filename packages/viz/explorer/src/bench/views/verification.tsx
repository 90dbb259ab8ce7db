import { dissimilarity, type Model } from '@onnx-forge/infer';
import { useMemo } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Slider } from '../../parts/fields.js';
import { useModule } from '../../parts/lazy.js';
import { useLive } from '../../parts/live.js';
import { useNumber } from '../../state/router.js';
import { equalError, type Pair, type Roc, ratesAt, rocOf } from '../roc.js';
import { allImages } from './all-images.js';
import type { ViewProps } from './view.js';

type EmbeddingModel = Extract<Model, { kind: 'embedding' }>;

/** Images whose pairs are compared. */
const IMAGES = 300;

/** Whether two images show the same: a threshold on their dissimilarity, and what it costs. */
export function VerificationView({ model, examples }: ViewProps<EmbeddingModel>) {
  const { metric, embeddingDim, threshold: trained } = model.manifest.serve;
  const { labels, count } = examples;
  const all = useLive(labels && count > 1 ? () => model.embed(allImages(examples)) : undefined, [model, examples]);
  const roc = useMemo(() => {
    if (!all.value || !labels) return undefined;
    const row = (i: number) => all.value!.data.subarray(i * embeddingDim, (i + 1) * embeddingDim);
    const pairs: Pair[] = [];
    const most = Math.min(IMAGES, count);
    for (let i = 1; i < most; i++)
      for (let j = 0; j < i; j++) {
        pairs.push({ distance: dissimilarity(row(i), row(j), metric), same: labels[i] === labels[j] });
      }
    return rocOf(pairs);
  }, [all.value, labels, count, metric, embeddingDim]);
  if (!labels || count < 2) return <p class="hint">This run came without labelled test examples to pair.</p>;
  return (
    <Panel title="Verification">
      <p>
        All pairs of the first {Math.min(IMAGES, count)} test examples: two images are taken for the same when their{' '}
        {metric} dissimilarity is at most the threshold.
      </p>
      <ErrorLine error={all.error} />
      {all.value && !roc && (
        <p class="hint">Among these examples no two show the same: there is nothing to tell apart.</p>
      )}
      {roc && <Threshold roc={roc} trained={trained} />}
      <Milliseconds of={all.milliseconds} what={`embed ${count} images`} />
    </Panel>
  );
}

function Threshold({ roc, trained }: { roc: Roc; trained: number | undefined }) {
  const { module: chart } = useModule(() => import('../../parts/chart.js'));
  const equal = useMemo(() => equalError(roc), [roc]);
  const [threshold, setThreshold] = useNumber('threshold', Number((trained ?? equal.threshold).toFixed(4)));
  const { falseAccept, trueAccept } = ratesAt(roc, threshold);
  const { thresholds, auc, same, different } = roc;
  const curves = useMemo(
    () => [
      { label: 'same accepted', tone: 0, x: [...roc.falseAccepts], y: [...roc.trueAccepts] },
      { label: 'chance', tone: 5, x: [0, 1], y: [0, 1], quiet: true },
    ],
    [roc],
  );
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  return (
    <>
      <Slider
        label="Threshold"
        min={0}
        max={Number(thresholds.at(-1)!.toFixed(4))}
        step={thresholds.at(-1)! / 500}
        value={threshold}
        text={threshold.toFixed(3)}
        onChange={setThreshold}
      />
      <p class="result" aria-live="polite">
        Accepts <strong>{percent(trueAccept)}</strong> of the same and <strong>{percent(falseAccept)}</strong> of the
        different pairs.
      </p>
      <div class="row">
        {trained !== undefined && (
          <button type="button" onClick={() => setThreshold(trained)}>
            The run’s threshold, {trained.toFixed(3)}
          </button>
        )}
        <button type="button" onClick={() => setThreshold(equal.threshold)}>
          Equal errors ({percent(equal.rate)}), {equal.threshold.toFixed(3)}
        </button>
      </div>
      {chart && (
        <div class="narrow">
          <chart.Chart
            series={curves}
            xLabel="different pairs accepted"
            yLabel="same pairs accepted"
            label={`Receiver operating characteristic; the area under it is ${auc.toFixed(3)}`}
            xRange={[0, 1]}
            yRange={[0, 1]}
            mark={falseAccept}
          />
        </div>
      )}
      <p class="quiet">
        Area under the curve {auc.toFixed(3)}, over {same.toLocaleString('en')} pairs that show the same and{' '}
        {different.toLocaleString('en')} that do not. The thin dashed line is chance, the upright one the threshold.
        Pairs share images, so that no simple error can be given.
      </p>
    </>
  );
}
