import { dissimilarity, type Model } from '@onnx-forge/infer';
import { useMemo } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { ImageInput, usePickedImage } from '../image-input.js';
import { Grid, Picture } from '../picture.js';
import { allImages } from './all-images.js';
import type { ViewProps } from './view.js';

type EmbeddingModel = Extract<Model, { kind: 'embedding' }>;

const SHOWN = 10;

/** The test examples whose embeddings lie closest to that of an image. */
export function NeighboursView({ model, examples }: ViewProps<EmbeddingModel>) {
  const { image, metric, embeddingDim } = model.manifest.serve;
  const picked = usePickedImage(examples, image);
  const { pixels, index } = picked;
  const all = useLive(examples.count > 0 ? () => model.embed(allImages(examples)) : undefined, [model, examples]);
  const own = useLive(pixels && (() => model.embed(pixels)), [model, pixels]);
  const nearest = useMemo(() => {
    if (!all.value || !own.value) return [];
    const { data } = all.value;
    const of = own.value.data;
    return Array.from({ length: examples.count }, (_, row) => ({
      row,
      distance: dissimilarity(of, data.subarray(row * embeddingDim, (row + 1) * embeddingDim), metric),
    }))
      .filter(({ row }) => row !== index)
      .sort((one, other) => one.distance - other.distance)
      .slice(0, SHOWN);
  }, [all.value, own.value, index, metric, embeddingDim, examples]);
  if (examples.count === 0) return <p class="hint">This run came without test examples to search in.</p>;
  const size = image.height * image.width * image.channels;
  const found = new Float32Array(nearest.length * size);
  for (const [place, { row }] of nearest.entries()) {
    found.set(examples.images.subarray(row * size, (row + 1) * size), place * size);
  }
  const label = (row: number) => (examples.labels ? `, class ${examples.labels[row]}` : '');
  return (
    <Panel title="Nearest neighbours">
      <ErrorLine error={all.error ?? own.error} />
      <div class="split">
        <ImageInput examples={examples} image={image} picked={picked} action="Find its neighbours" />
        <div class="grow">
          <Picture pixels={pixels} image={image} label="the image that is looked for" size="large" />
          <p class="quiet">
            {index === undefined ? 'your image' : `test example ${index + 1}${label(index)}`}. Its {nearest.length}{' '}
            nearest of {examples.count} test examples, by {metric} dissimilarity:
          </p>
          <Grid
            images={found}
            count={nearest.length}
            image={image}
            columns={5}
            label={(i) => `neighbour ${i + 1}${label(nearest[i]!.row)}`}
            caption={(i) => `${nearest[i]!.distance.toFixed(2)}${label(nearest[i]!.row)}`}
            onPick={(i) => picked.pick(nearest[i]!.row)}
          />
          <Milliseconds of={own.milliseconds} what="embed" />
          <Milliseconds of={all.milliseconds} what={`embed all ${examples.count}`} />
        </div>
      </div>
    </Panel>
  );
}
