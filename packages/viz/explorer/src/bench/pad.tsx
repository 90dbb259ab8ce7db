import { type ImageEntry, InputError } from '@onnx-forge/infer';
import { useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../parts/error-line.js';
import { digitOf, isEmpty } from './drawing.js';

interface PadProps {
  readonly image: ImageEntry;
  /** The model knows black and white only. */
  readonly binary: boolean;
  readonly action: string;
  readonly onDrawn: (pixels: Float32Array) => void;
}

const SIDE = 224;

/** A square to draw a digit on, with a finger, a pen or a mouse. */
export function Pad({ image, binary, action, onDrawn }: PadProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<readonly [number, number] | undefined>(undefined);
  const [error, setError] = useState<Error>();

  const at = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  const stroke = (from: readonly [number, number], to: readonly [number, number]): void => {
    const context = canvas.current!.getContext('2d', { willReadFrequently: true })!;
    Object.assign(context, { lineWidth: SIDE / 11, lineCap: 'round', lineJoin: 'round', strokeStyle: 'white' });
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(to[0] + 0.01, to[1]);
    context.stroke();
  };
  const clear = (): void => {
    const context = canvas.current!.getContext('2d', { willReadFrequently: true })!;
    context.fillStyle = 'black';
    context.fillRect(0, 0, SIDE, SIDE);
    setError(undefined);
  };
  const use = (): void => {
    if (isEmpty(canvas.current!)) {
      setError(new InputError('the square is empty: draw a digit in it first', {}));
      return;
    }
    setError(undefined);
    onDrawn(digitOf(canvas.current!, image, binary));
  };

  return (
    <div class="pad">
      <span class="quiet">Draw a digit</span>
      <canvas
        ref={canvas}
        width={SIDE}
        height={SIDE}
        aria-label="Draw a digit here"
        role="img"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          last.current = at(event);
          stroke(last.current, last.current);
        }}
        onPointerMove={(event) => {
          if (!last.current) return;
          const next = at(event);
          stroke(last.current, next);
          last.current = next;
        }}
        onPointerUp={() => {
          last.current = undefined;
        }}
        onPointerCancel={() => {
          last.current = undefined;
        }}
      />
      <div class="row">
        <button type="button" class="primary" onClick={use}>
          {action}
        </button>
        <button type="button" onClick={clear}>
          Clear
        </button>
      </div>
      <ErrorLine error={error} />
    </div>
  );
}
