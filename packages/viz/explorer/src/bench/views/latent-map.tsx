import type { GenerativeModel } from '@onnx-forge/infer';
import { useMemo } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber } from '../../state/router.js';
import { generative } from '../generative.js';
import { Picture } from '../picture.js';
import { ClassChoice } from './class-choice.js';
import { Plane } from './plane.js';
import type { ViewProps } from './view.js';

/** The plane of two latent dimensions, with the encoded test examples; the point on it is decoded live. */
export function LatentMapView({ model, examples }: ViewProps<GenerativeModel>) {
  const [label, setLabel] = useNumber('class', 0, { push: true });
  const [x, setX] = useNumber('zx', 0);
  const [y, setY] = useNumber('zy', 0);
  const maker = useMemo(() => generative(model, label), [model, label]);
  const hasCodes = maker.encode !== undefined && examples.count > 0;
  const codes = useLive(hasCodes ? () => maker.encode!(examples.images, examples.labels) : undefined, [
    maker,
    examples,
  ]);
  const axes = useMemo(() => widestAxes(codes.value, maker.latentDim), [codes.value, maker]);
  const z = useMemo(() => {
    const vector = new Float32Array(maker.latentDim);
    vector[axes[0]] = x;
    if (axes[1] !== axes[0]) vector[axes[1]] = y;
    return vector;
  }, [maker, axes, x, y]);
  const decoded = useLive(() => maker.decode(z), [maker, z]);
  const where = `(${[x, y].map((value) => value.toFixed(2)).join(', ')})`;
  return (
    <Panel title="Latent map">
      <p>
        Drag the ring, or move it with the arrow keys: the point of the latent space under it is decoded as you go.
        {hasCodes && ` The marks are ${examples.count} test examples where the encoder puts them (means of q(z|x)).`}
        {maker.latentDim > 2 &&
          ` Of ${maker.latentDim} latent dimensions these are the two in which the test examples differ most; the others are 0.`}
      </p>
      <ClassChoice model={model} label={label} onChange={setLabel} />
      <ErrorLine error={codes.error ?? decoded.error} />
      <div class="split">
        <Plane
          codes={codes.value}
          labels={examples.labels}
          latentDim={maker.latentDim}
          axes={axes}
          point={[x, y]}
          onMove={([toX, toY]) => {
            setX(toX);
            setY(toY);
          }}
        />
        <div>
          <Picture pixels={decoded.value} image={maker.image} label={`decoded at ${where}`} size="large" />
          <p class="quiet">
            z{axes[0]}, z{axes[1]} = {where}
          </p>
          <Milliseconds of={decoded.milliseconds} what="decode" />
        </div>
      </div>
    </Panel>
  );
}

/** The two dimensions whose codes vary most; the first two while there are no codes. */
function widestAxes(codes: Float32Array | undefined, latentDim: number): readonly [number, number] {
  if (latentDim === 1) return [0, 0];
  if (!codes || latentDim === 2) return [0, 1];
  const count = codes.length / latentDim;
  const variance = Array.from({ length: latentDim }, (_, dim) => {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < count; row++) {
      const value = codes[row * latentDim + dim]!;
      sum += value;
      squares += value * value;
    }
    return { dim, value: squares / count - (sum / count) ** 2 };
  }).sort((a, b) => b.value - a.value);
  return [variance[0]!.dim, variance[1]!.dim];
}
