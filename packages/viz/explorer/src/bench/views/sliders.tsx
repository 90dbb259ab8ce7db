import type { GenerativeModel } from '@onnx-forge/infer';
import { useMemo } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Seed, Slider } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber, useText } from '../../state/router.js';
import { generative } from '../generative.js';
import { Picture } from '../picture.js';
import { ClassChoice } from './class-choice.js';
import type { ViewProps } from './view.js';

const SHOWN = 8;

/** Sliders for the most active latent dimensions of one sample. */
export function SlidersView({ model }: ViewProps<GenerativeModel>) {
  const [seed, setSeed] = useNumber('seed', 1, { push: true });
  const [label, setLabel] = useNumber('class', 0, { push: true });
  const [at, setAt] = useText('at', '');
  const moved = useMemo(() => readMoved(at, model.manifest.serve.latentDim), [at, model]);
  const setMoved = (next: ReadonlyMap<number, number>): void =>
    setAt([...next].map(([dim, value]) => `${dim}:${value.toFixed(2)}`).join(','));
  const maker = useMemo(() => generative(model, label), [model, label]);
  const start = useLive(async () => {
    const { z } = await maker.sample(1, seed);
    const { dims, change } = await maker.perturb(z);
    const order = dims.map((dim, index) => ({ dim, change: change[index]! })).sort((a, b) => b.change - a.change);
    return { z, active: order.slice(0, SHOWN) };
  }, [maker, seed]);
  const z = useMemo(() => {
    const vector = start.value?.z.slice();
    for (const [dim, value] of moved) if (vector) vector[dim] = value;
    return vector;
  }, [start.value, moved]);
  const decoded = useLive(z && (() => maker.decode(z)), [maker, z]);
  const [low, high] = maker.span;
  return (
    <Panel title="Latent dimensions">
      <p>
        The {Math.min(SHOWN, maker.latentDim)} dimensions that change this sample most, of {maker.latentDim}. Beside
        each: the mean change of a pixel when the dimension is moved by {(high / 2).toFixed(1)}.
      </p>
      <div class="row">
        <ClassChoice model={model} label={label} onChange={setLabel} />
        <Seed seed={seed} onChange={setSeed} />
        <button type="button" onClick={() => setMoved(new Map())}>
          Reset
        </button>
      </div>
      <ErrorLine error={start.error ?? decoded.error} />
      <div class="split">
        <div class="grow">
          {start.value?.active.map(({ dim, change }) => (
            <Slider
              key={dim}
              label={`z${dim}`}
              min={low}
              max={high}
              step={(high - low) / 120}
              value={z?.[dim] ?? 0}
              text={`${(z?.[dim] ?? 0).toFixed(1)} · ${change.toFixed(3)}`}
              onChange={(value) => setMoved(new Map([...moved, [dim, value]]))}
            />
          ))}
        </div>
        <div>
          <Picture pixels={decoded.value} image={maker.image} label="the sample" size="large" />
          <Milliseconds of={decoded.milliseconds} what="decode" />
        </div>
      </div>
    </Panel>
  );
}

/** `3:1.50,0:-2.00`: dimensions and where they were moved to. */
function readMoved(text: string, latentDim: number): ReadonlyMap<number, number> {
  const pairs = text.split(',').map((pair) => pair.split(':').map(Number));
  return new Map(
    pairs.filter(
      ([dim, value]) => Number.isInteger(dim) && dim! >= 0 && dim! < latentDim && Number.isFinite(value),
    ) as [number, number][],
  );
}
