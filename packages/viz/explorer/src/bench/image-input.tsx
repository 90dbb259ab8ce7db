import type { ImageEntry } from '@onnx-forge/infer';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ErrorLine } from '../parts/error-line.js';
import { useNumber } from '../state/router.js';
import type { TestExamples } from './examples.js';
import { imageOf } from './image-file.js';
import { Pad } from './pad.js';
import { Grid } from './picture.js';

/** The image that a page works on: one of the examples, whose number is in the address, or the visitor's own. */
export interface PickedImage {
  readonly pixels: Float32Array | undefined;
  /** Of the examples; undefined for the visitor's own. */
  readonly index: number | undefined;
  readonly pick: (index: number) => void;
  readonly give: (pixels: Float32Array) => void;
  /** Puts the visitor's own image away. */
  readonly clear: () => void;
}

/** @param name of the parameter in the address */
export function usePickedImage({ images, count }: TestExamples, image: ImageEntry, name = 'x', first = 0): PickedImage {
  const [index, setIndex] = useNumber(name, first, { push: true });
  const [own, setOwn] = useState<Float32Array>();
  const size = image.height * image.width * image.channels;
  const isThere = Number.isInteger(index) && index >= 0 && index < count;
  const [chosen, setChosen] = useState<Float32Array>();
  useEffect(
    () => setChosen(isThere ? images.slice(index * size, (index + 1) * size) : undefined),
    [images, index, isThere, size],
  );
  return {
    pixels: own ?? chosen,
    index: own || !isThere ? undefined : index,
    pick(next) {
      setOwn(undefined);
      setIndex(next);
    },
    give: setOwn,
    clear: () => setOwn(undefined),
  };
}

interface ImageInputProps {
  readonly examples: TestExamples;
  readonly image: ImageEntry;
  /** The model knows black and white only. */
  readonly binary?: boolean;
  readonly picked: PickedImage;
  /** How many of the examples are offered. */
  readonly count?: number;
  /** Text of the button under the drawing. */
  readonly action: string;
}

/** Examples to click, a square to draw on (grey images), and a place for an image of one's own. */
export function ImageInput({ examples, image, binary = false, picked, count = 20, action }: ImageInputProps) {
  const shown = Math.min(count, examples.count);
  return (
    <div class="input">
      {shown > 0 && (
        <Grid
          images={examples.images}
          count={shown}
          image={image}
          columns={Math.min(10, shown)}
          label={(i) => `test example ${i + 1}`}
          onPick={picked.pick}
          picked={picked.index}
        />
      )}
      <div class="row">
        {isForDigits(image) && <Pad image={image} binary={binary} action={action} onDrawn={picked.give} />}
        <OwnImage image={image} binary={binary} onImage={picked.give} />
      </div>
    </div>
  );
}

/** Drawings are brought into the form of data sets of digits, which are small, grey and square. */
function isForDigits({ width, height, channels }: ImageEntry): boolean {
  return channels === 1 && width === height && width <= 32;
}

interface OwnImageProps {
  readonly image: ImageEntry;
  readonly binary: boolean;
  readonly onImage: (pixels: Float32Array) => void;
}

/** Takes an image file: dropped, chosen, or pasted anywhere on the page. */
function OwnImage({ image, binary, onImage }: OwnImageProps) {
  const [file, setFile] = useState<Blob>();
  const [invert, setInvert] = useState(false);
  const [error, setError] = useState<Error>();
  const give = useRef(onImage);
  give.current = onImage;
  useEffect(() => {
    if (!file) return;
    let isOver = false;
    imageOf(file, { image, binary, invert }).then(
      (pixels) => {
        if (isOver) return;
        setError(undefined);
        give.current(pixels);
      },
      (failure: Error) => isOver || setError(failure),
    );
    return () => {
      isOver = true;
    };
  }, [file, invert, image, binary]);
  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent): void => {
      const pasted = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (pasted) setFile(pasted);
    };
    window.addEventListener('paste', paste);
    return () => window.removeEventListener('paste', paste);
  }, []);
  return (
    <div class="drop">
      <label
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          const [dropped] = event.dataTransfer?.files ?? [];
          if (!dropped?.type.startsWith('image/')) return;
          event.preventDefault();
          setFile(dropped);
        }}
      >
        Your own image: drop, paste or choose it{' '}
        <input type="file" accept="image/*" onChange={(event) => setFile(event.currentTarget.files?.[0])} />
      </label>
      <label>
        <input type="checkbox" checked={invert} onChange={() => setInvert(!invert)} /> with dark and light exchanged
      </label>
      <p class="quiet">
        Its middle, scaled to {image.width} × {image.height}. It stays in this browser.
      </p>
      <ErrorLine error={error} />
    </div>
  );
}
