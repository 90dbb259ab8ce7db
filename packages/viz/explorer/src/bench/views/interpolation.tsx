import type { GenerativeModel } from '@onnx-forge/infer';
import { useMemo, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Choice, Milliseconds, Panel, Seed } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { generative, isBinary } from '../generative.js';
import { Pad } from '../pad.js';
import { Grid } from '../picture.js';
import { Offered } from './offered.js';
import type { ViewProps } from './view.js';

const STEPS = 11;

type End = 'a' | 'b';

/** The way between two images: through the latent space, and by cross-fading. */
export function InterpolationView({ model, examples }: ViewProps<GenerativeModel>) {
  const [seed, setSeed] = useState(1);
  const [end, setEnd] = useState<End>('a');
  const [chosen, setChosen] = useState<Readonly<Partial<Record<End, Float32Array>>>>({});
  const maker = useMemo(() => generative(model, 0), [model]);
  const { encode, image, latentDim } = maker;
  const ends = useLive(async () => {
    const { z } = await maker.sample(2, seed);
    const of = async (pixels: Float32Array | undefined, row: number): Promise<Float32Array> =>
      pixels && encode ? encode(pixels, undefined) : z.slice(row * latentDim, (row + 1) * latentDim);
    const [a, b] = [await of(chosen.a, 0), await of(chosen.b, 1)];
    return {
      latent: (await maker.interpolate(a, b, 'latent')).images.data,
      data: (await maker.interpolate(a, b, 'data')).images.data,
    };
  }, [maker, seed, chosen]);
  const choose = (pixels: Float32Array): void => {
    setChosen({ ...chosen, [end]: pixels });
    setEnd(end === 'a' ? 'b' : 'a');
  };
  const alpha = (index: number): string => `alpha ${(index / (STEPS - 1)).toFixed(1)}`;
  return (
    <Panel title="Interpolation">
      <ErrorLine error={ends.error} />
      <p>Latent space: g(α a + (1 − α) b)</p>
      <Grid
        images={ends.value?.latent}
        count={STEPS}
        image={image}
        columns={STEPS}
        label={(i) => `latent, ${alpha(i)}`}
      />
      <p>Data space: α g(a) + (1 − α) g(b)</p>
      <Grid images={ends.value?.data} count={STEPS} image={image} columns={STEPS} label={(i) => `data, ${alpha(i)}`} />
      <p class="quiet">From b (left, α = 0) to a (right, α = 1).</p>
      <Milliseconds of={ends.milliseconds} what="both ways" />
      <div class="row">
        <Seed
          seed={seed}
          onChange={(next) => {
            setSeed(next);
            setChosen({});
          }}
        />
      </div>
      {encode && model.kind === 'latent' && (
        <>
          <Choice
            label="Or choose"
            value={end}
            choices={[
              ['a', 'a, the right end'],
              ['b', 'b, the left end'],
            ]}
            onChange={setEnd}
          />
          <div class="split">
            <Offered examples={examples} count={20} image={image} onPick={choose} />
            {image.channels === 1 && (
              <Pad image={image} binary={isBinary(model)} action={`Use as ${end}`} onDrawn={choose} />
            )}
          </div>
        </>
      )}
    </Panel>
  );
}
