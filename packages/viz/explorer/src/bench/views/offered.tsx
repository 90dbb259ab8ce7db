import type { ImageEntry } from '@onnx-forge/infer';
import type { TestExamples } from '../examples.js';
import { some } from '../generative.js';
import { Grid } from '../picture.js';

interface OfferedProps {
  readonly examples: TestExamples | undefined;
  readonly count: number;
  readonly image: ImageEntry;
  readonly onPick: (pixels: Float32Array) => void;
}

/** The first test examples, to pick from; nothing where there are none. */
export function Offered({ examples, count, image, onPick }: OfferedProps) {
  if (!examples) return null;
  const offered = some(examples, 0, count);
  const size = image.height * image.width * image.channels;
  return (
    <Grid
      images={offered.images}
      count={offered.count}
      image={image}
      columns={5}
      label={(i) => `test example ${i + 1}`}
      onPick={(i) => onPick(offered.images.slice(i * size, (i + 1) * size))}
    />
  );
}
