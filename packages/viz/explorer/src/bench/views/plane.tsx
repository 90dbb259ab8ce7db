import { useEffect, useRef } from 'preact/hooks';

/** Of the drawing, in its own units; the axes take MARGIN of it. */
const SIDE = 480;
const MARGIN = 44;
const TICKS = [-3, -2, -1, 0, 1, 2, 3];
const EXTENT = 3.6;

/** Marks of classes: 3 : 1 and more on white and on black, told apart by most eyes; where names are short they are the marks. */
const COLOURS = [
  '#c77700',
  '#2f8fc4',
  '#00875f',
  '#8f8500',
  '#3f74d9',
  '#d55e00',
  '#b8558f',
  '#808080',
  '#8a5bc7',
  '#4b9a2f',
];

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

/** Two latent dimensions as axes, codes on them, and a ring that moves by pointer and arrow keys. */
export function Plane({ codes, labels, latentDim, axes, point, onMove }: PlaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dragging = useRef(false);
  const moved = useRef(point);
  moved.current = point;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    context.clearRect(0, 0, SIDE, SIDE);
    context.font = '600 11px system-ui, sans-serif';
    Object.assign(context, { textAlign: 'center', textBaseline: 'middle' });
    for (let row = 0; codes && row < codes.length / latentDim; row++) {
      const label = labels?.[row];
      const [x, y] = [toScreen(codes[row * latentDim + axes[0]]!), SIDE - toScreen(codes[row * latentDim + axes[1]]!)];
      context.fillStyle = COLOURS[(label ?? 7) % COLOURS.length]!;
      if (label !== undefined && label < 10) {
        context.fillText(`${label}`, x, y);
        continue;
      }
      context.beginPath();
      context.arc(x, y, 3, 0, 2 * Math.PI);
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
    const [x, y] = moved.current;
    onMove([clamp(x + step[0]!), clamp(y + step[1]!)]);
  };
  return (
    <div class="map">
      <Axes axes={axes} latentDim={latentDim} />
      <div
        class="plane"
        role="slider"
        tabIndex={0}
        aria-label={`Point in the plane of z${axes[0]} and z${axes[1]}; arrow keys move it`}
        aria-valuemin={-EXTENT}
        aria-valuemax={EXTENT}
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
    </div>
  );
}

/** Lines, numbers and names of both axes. */
function Axes({ axes, latentDim }: { axes: readonly [number, number]; latentDim: number }) {
  const end = SIDE + MARGIN;
  return (
    <svg class="axes" viewBox={`${-MARGIN} 0 ${end} ${end}`} aria-hidden="true">
      <rect x={0} y={0} width={SIDE} height={SIDE} />
      {TICKS.map((tick) => (
        <g key={tick} class={tick === 0 ? 'zero' : undefined}>
          <line x1={toScreen(tick)} x2={toScreen(tick)} y1={0} y2={SIDE} />
          <line x1={0} x2={SIDE} y1={SIDE - toScreen(tick)} y2={SIDE - toScreen(tick)} />
          <text x={toScreen(tick)} y={SIDE + 16} text-anchor="middle">
            {tick}
          </text>
          <text x={-8} y={SIDE - toScreen(tick) + 5} text-anchor="end">
            {tick}
          </text>
        </g>
      ))}
      <text x={SIDE / 2} y={SIDE + 36} text-anchor="middle">
        z{axes[0]}
      </text>
      {latentDim > 1 && (
        <text x={-30} y={SIDE / 2} text-anchor="middle" transform={`rotate(-90 -30 ${SIDE / 2})`}>
          z{axes[1]}
        </text>
      )}
    </svg>
  );
}
