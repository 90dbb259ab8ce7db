import type { GenerativeModel } from '@onnx-forge/infer';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel, Seed, Slider } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { useNumber } from '../../state/router.js';
import { generative } from '../generative.js';
import { Grid, Picture } from '../picture.js';
import { ClassChoice } from './class-choice.js';
import type { ViewProps } from './view.js';

/** Draws from the prior on the way, and frames from one to the next. */
const STOPS = 6;
const BETWEEN = 10;
const FRAMES = STOPS * BETWEEN;

/** Of the film, in ms; nothing moves before it is asked for. */
const FRAME_TIME = 90;

/** A closed walk through the latent space, from one draw of the prior to the next. */
export function WalkView({ model }: ViewProps<GenerativeModel>) {
  const [seed, setSeed] = useNumber('seed', 1, { push: true });
  const [label, setLabel] = useNumber('class', 0, { push: true });
  const [place, setFrame] = useNumber('frame', 0);
  const [playing, setPlaying] = useState(false);
  const frame = Math.min(FRAMES - 1, Math.max(0, Math.round(place)));
  const maker = useMemo(() => generative(model, label), [model, label]);
  const { value, error, milliseconds } = useLive(async () => {
    const { z } = await maker.sample(STOPS, seed);
    return maker.decode(walk(z, maker.latentDim));
  }, [maker, seed]);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setFrame((frame + 1) % FRAMES), FRAME_TIME);
    return () => clearInterval(timer);
  }, [playing, frame, setFrame]);
  const { image } = maker;
  const size = image.height * image.width * image.channels;
  const at = (index: number) => value?.subarray(index * size, (index + 1) * size);
  const strip = useMemo(() => everySecond(value, size), [value, size]);
  return (
    <Panel title="Walk">
      <p>
        From one draw of the prior to the next on straight lines, {STOPS} of them, and back to the first: {FRAMES}{' '}
        frames. In a good latent space every one of them looks like data.
      </p>
      <div class="row">
        <ClassChoice model={model} label={label} onChange={setLabel} />
        <Seed seed={seed} onChange={setSeed} />
        <button type="button" class="primary" aria-pressed={playing} onClick={() => setPlaying(!playing)}>
          {playing ? 'Stop' : 'Play'}
        </button>
      </div>
      <ErrorLine error={error} />
      <Picture pixels={at(frame)} image={image} label={`frame ${frame + 1}`} size="large" />
      <Slider
        label="Frame"
        min={0}
        max={FRAMES - 1}
        step={1}
        value={frame}
        text={`${frame + 1} of ${FRAMES}`}
        onChange={setFrame}
      />
      <Grid
        images={strip}
        count={FRAMES / 2}
        image={image}
        columns={15}
        label={(i) => `every second frame, ${2 * i + 1}`}
        onPick={(i) => setFrame(2 * i)}
        picked={Math.floor(frame / 2)}
      />
      <Milliseconds of={milliseconds} what={`${FRAMES} frames`} />
    </Panel>
  );
}

/** [STOPS, latentDim] -> [FRAMES, latentDim] */
function walk(stops: Float32Array, latentDim: number): Float32Array {
  const way = new Float32Array(FRAMES * latentDim);
  for (let frame = 0; frame < FRAMES; frame++) {
    const from = Math.floor(frame / BETWEEN);
    const to = (from + 1) % STOPS;
    const part = (frame % BETWEEN) / BETWEEN;
    for (let dim = 0; dim < latentDim; dim++) {
      const [a, b] = [stops[from * latentDim + dim]!, stops[to * latentDim + dim]!];
      way[frame * latentDim + dim] = a + part * (b - a);
    }
  }
  return way;
}

function everySecond(frames: Float32Array | undefined, size: number): Float32Array | undefined {
  if (!frames) return undefined;
  const strip = new Float32Array((FRAMES / 2) * size);
  for (let i = 0; i < FRAMES / 2; i++) strip.set(frames.subarray(2 * i * size, (2 * i + 1) * size), i * size);
  return strip;
}
