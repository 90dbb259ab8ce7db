import type { GenerativeModel } from '@onnx-forge/infer';
import { useMemo, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Choice, Milliseconds, Panel, Seed } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber, useRouter } from '../../state/router.js';
import { generative, isBinary } from '../generative.js';
import { ImageInput, usePickedImage } from '../image-input.js';
import { Grid } from '../picture.js';
import type { ViewProps } from './view.js';

const STEPS = 11;

const ALPHAS = Array.from({ length: STEPS }, (_, index) => (index / (STEPS - 1)).toFixed(1));

const WAYS = [
  ['latent', 'Latent space: g(α a + (1 − α) b)'],
  ['data', 'Data space: α g(a) + (1 − α) g(b)'],
] as const;

type End = 'a' | 'b';

/** The way between two images: through the latent space, and by cross-fading. */
export function InterpolationView({ model, examples }: ViewProps<GenerativeModel>) {
  const router = useRouter();
  const [seed] = useNumber('seed', 1);
  const [end, setEnd] = useState<End>('a');
  const maker = useMemo(() => generative(model, 0), [model]);
  const { encode, image, latentDim } = maker;
  // -1: the ends are draws from the prior.
  const a = usePickedImage(examples, image, 'a', -1);
  const b = usePickedImage(examples, image, 'b', -1);
  const ends = useLive(async () => {
    const { z } = await maker.sample(2, seed);
    const of = async (pixels: Float32Array | undefined, row: number): Promise<Float32Array> =>
      pixels && encode ? encode(pixels, undefined) : z.slice(row * latentDim, (row + 1) * latentDim);
    const [from, to] = [await of(a.pixels, 0), await of(b.pixels, 1)];
    return {
      latent: (await maker.interpolate(from, to, 'latent')).images.data,
      data: (await maker.interpolate(from, to, 'data')).images.data,
    };
  }, [maker, seed, a.pixels, b.pixels]);
  const chosen = end === 'a' ? a : b;
  const next = (): void => setEnd(end === 'a' ? 'b' : 'a');
  const picked = {
    ...chosen,
    pick(index: number) {
      chosen.pick(index);
      next();
    },
    give(pixels: Float32Array) {
      chosen.give(pixels);
      next();
    },
  };
  return (
    <Panel title="Interpolation">
      <ErrorLine error={ends.error} />
      <div class="beside">
        {WAYS.map(([space, title]) => (
          <div key={space}>
            <p>{title}</p>
            <Grid
              images={ends.value?.[space]}
              count={STEPS}
              image={image}
              columns={STEPS}
              heads={ALPHAS}
              label={(i) => `${space}, alpha ${ALPHAS[i]}`}
            />
          </div>
        ))}
      </div>
      <p class="quiet">From b (left, α = 0) to a (right, α = 1).</p>
      <Milliseconds of={ends.milliseconds} what="both ways" />
      <div class="row">
        <Seed
          seed={seed}
          onChange={(value) => {
            a.clear();
            b.clear();
            router.change({ seed: `${value}`, a: undefined, b: undefined }, { push: true });
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
          <ImageInput
            examples={examples}
            image={image}
            binary={isBinary(model)}
            picked={picked}
            action={`Use as ${end}`}
          />
        </>
      )}
    </Panel>
  );
}
