import type { GenerativeModel } from '@onnx-forge/infer';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { generative } from '../generative.js';
import { Picture } from '../picture.js';
import { ClassChoice } from './class-choice.js';
import type { ViewProps } from './view.js';

const SIDE = 440;
/** Okabe and Ito's colours, and two more: told apart by most eyes. */
const COLOURS = [
  '#e69f00',
  '#56b4e9',
  '#009e73',
  '#f0e442',
  '#0072b2',
  '#d55e00',
  '#cc79a7',
  '#888888',
  '#7b3294',
  '#40c040',
];
const EXTENT = 3.6;

/** The plane of two latent dimensions, with the encoded test examples; the point on it is decoded live. */
export function LatentMapView({ model, examples }: ViewProps<GenerativeModel>) {
  const [label, setLabel] = useState(0);
  const [point, setPoint] = useState<readonly [number, number]>([0, 0]);
  const maker = useMemo(() => generative(model, label), [model, label]);
  const codes = useLive(maker.encode && examples ? () => maker.encode!(examples.images, examples.labels) : undefined, [
    maker,
    examples,
  ]);
  const axes = useMemo(() => widestAxes(codes.value, maker.latentDim), [codes.value, maker]);
  const z = useMemo(() => {
    const vector = new Float32Array(maker.latentDim);
    vector[axes[0]] = point[0];
    if (axes[1] !== axes[0]) vector[axes[1]] = point[1];
    return vector;
  }, [maker, axes, point]);
  const decoded = useLive(() => maker.decode(z), [maker, z]);
  const where = `(${point.map((value) => value.toFixed(2)).join(', ')})`;
  return (
    <Panel title="Latent map">
      <p>
        Drag the ring, or move it with the arrow keys: the point of the latent space under it is decoded as you go.
        {examples && maker.encode && ` The dots are ${examples.count} test examples where the encoder puts them.`}
        {maker.latentDim > 2 &&
          ` Of ${maker.latentDim} latent dimensions these are the two in which the test examples differ most; the others are 0.`}
      </p>
      <ClassChoice model={model} label={label} onChange={setLabel} />
      <ErrorLine error={codes.error ?? decoded.error} />
      <div class="split">
        <Plane
          codes={codes.value}
          labels={examples?.labels}
          latentDim={maker.latentDim}
          axes={axes}
          point={point}
          onMove={setPoint}
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

interface PlaneProps {
  readonly codes: Float32Array | undefined;
  readonly labels: Int32Array | undefined;
  readonly latentDim: number;
  readonly axes: readonly [number, number];
  readonly point: readonly [number, number];
  readonly onMove: (point: readonly [number, number]) => void;
}

const toScreen = (value: number): number => ((value + EXTENT) / (2 * EXTENT)) * SIDE;
const clamp = (value: number): number => Math.max(-EXTENT, Math.min(EXTENT, value));

function Plane({ codes, labels, latentDim, axes, point, onMove }: PlaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dragging = useRef(false);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, SIDE, SIDE);
    context.strokeStyle = '#8886';
    for (const line of [-3, -2, -1, 0, 1, 2, 3]) {
      context.lineWidth = line === 0 ? 2 : 1;
      context.strokeRect(toScreen(line), -2, 0, SIDE + 4);
      context.strokeRect(-2, SIDE - toScreen(line), SIDE + 4, 0);
    }
    for (let row = 0; codes && row < codes.length / latentDim; row++) {
      context.fillStyle = COLOURS[(labels?.[row] ?? 7) % COLOURS.length]!;
      const [x, y] = [codes[row * latentDim + axes[0]]!, codes[row * latentDim + axes[1]]!];
      context.beginPath();
      context.arc(toScreen(x), SIDE - toScreen(y), 3, 0, 2 * Math.PI);
      context.fill();
    }
  }, [codes, labels, latentDim, axes]);

  const move = (event: PointerEvent): void => {
    const box = canvas.current!.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = 1 - (event.clientY - box.top) / box.height;
    onMove([clamp((2 * x - 1) * EXTENT), clamp((2 * y - 1) * EXTENT)]);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!step) return;
    event.preventDefault();
    onMove([clamp(point[0] + step[0]!), clamp(point[1] + step[1]!)]);
  };
  const legend = labels ? [...new Set(labels)].sort((a, b) => a - b) : [];
  return (
    <div class="grow">
      <div
        class="plane"
        role="slider"
        tabIndex={0}
        aria-label="Point in the latent plane; arrow keys move it"
        aria-valuenow={point[0]}
        aria-valuetext={point.map((value) => value.toFixed(1)).join(', ')}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          dragging.current = true;
          move(event);
        }}
        onPointerMove={(event) => dragging.current && move(event)}
        onPointerUp={() => {
          dragging.current = false;
        }}
        onPointerCancel={() => {
          dragging.current = false;
        }}
      >
        <canvas ref={canvas} width={SIDE} height={SIDE} />
        <svg viewBox={`0 0 ${SIDE} ${SIDE}`} aria-hidden="true">
          <circle class="halo" cx={toScreen(point[0])} cy={SIDE - toScreen(point[1])} r={12} />
          <circle class="ring" cx={toScreen(point[0])} cy={SIDE - toScreen(point[1])} r={12} />
        </svg>
      </div>
      {legend.length > 0 && (
        <svg class="legend" viewBox={`0 0 ${SIDE} 22`} role="img" aria-label={`classes ${legend.join(', ')}`}>
          {legend.map((name, index) => (
            <g key={name}>
              <circle cx={12 + index * 42} cy={11} r={6} fill={COLOURS[name % COLOURS.length]} />
              <text x={23 + index * 42} y={16}>
                {name}
              </text>
            </g>
          ))}
        </svg>
      )}
    </div>
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
