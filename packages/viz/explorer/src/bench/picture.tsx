import type { ImageEntry } from '@onnx-forge/infer';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface PictureProps {
  /** [height * width * channels], in the image's range. */
  readonly pixels: ArrayLike<number> | undefined;
  readonly image: ImageEntry;
  readonly label: string;
  /** Side on the screen; default: as wide as its cell. */
  readonly size?: 'large';
}

/** One image. An empty frame while there is none. */
export function Picture({ pixels, image, label, size }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current && pixels) paint(canvas.current, pixels, image);
  }, [pixels, image]);
  return (
    <canvas
      ref={canvas}
      class={size === 'large' ? 'picture large' : 'picture'}
      width={image.width}
      height={image.height}
      role="img"
      aria-label={label}
    />
  );
}

function paint(canvas: HTMLCanvasElement, pixels: ArrayLike<number>, image: ImageEntry): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { width, height, channels, range } = image;
  const [low, high] = range;
  const bytes = new Uint8ClampedArray(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = pixels[pixel * channels + (channels === 3 ? channel : 0)]!;
      bytes[4 * pixel + channel] = (255 * (value - low)) / (high - low);
    }
    bytes[4 * pixel + 3] = 255;
  }
  context.putImageData(new ImageData(bytes, width, height), 0, 0);
}

interface GridProps {
  /** [count, pixels] in one array. */
  readonly images: Float32Array | undefined;
  readonly count: number;
  readonly image: ImageEntry;
  readonly columns: number;
  readonly label: (index: number) => string;
  /** Of the columns. */
  readonly heads?: readonly string[];
  /** Under each image. */
  readonly caption?: ((index: number) => ComponentChildren) | undefined;
  readonly onPick?: (index: number) => void;
  readonly picked?: number | undefined;
}

/** Images in rows. With `onPick` each is a button. */
export function Grid({ images, count, image, columns, label, heads, caption, onPick, picked }: GridProps) {
  const size = image.height * image.width * image.channels;
  const wide = Math.min(44, Math.max(12, columns * Math.min(6, 2 + image.width / 14)));
  return (
    <div class="grid" style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, maxWidth: `${wide}rem` }}>
      {heads?.map((head) => (
        <div key={`head ${head}`} class="head">
          {head}
        </div>
      ))}
      {Array.from({ length: count }, (_, index) => {
        const pixels = images?.subarray(index * size, (index + 1) * size);
        const picture = <Picture pixels={pixels} image={image} label={label(index)} />;
        const under = caption && <div class="caption">{caption(index)}</div>;
        if (!onPick)
          return (
            <div key={index}>
              {picture}
              {under}
            </div>
          );
        return (
          <button type="button" key={index} aria-pressed={picked === index} onClick={() => onPick(index)}>
            {picture}
            {under}
          </button>
        );
      })}
    </div>
  );
}
