import { dissimilarity } from '@onnx-forge/infer';
import { gather } from '../../../data/batches.js';
import { spreadIndices } from '../../../data/views.js';
import { aboutRun, counted } from '../../../figures/about-run.js';
import type { Figure } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

export interface NeighboursOptions {
  /** The field of images. */
  readonly images: string;
}

/**
 * Test images and the training images that lie nearest to each, in the order of likeness,
 * with how far they are beneath (1 - cosine, or the distance).
 */
export function neighbours({ images }: NeighboursOptions): Figure<'embedding'> {
  const [most, nearest, bankSize] = [8, 9, 5000];
  return async (context) => {
    const { model, data } = context;
    const { splits } = data;
    const { metric, image } = model.manifest.serve;
    const asking = spreadIndices(splits.test, most);
    const rows = asking.length;
    const queries = gather(splits.test, images, asking) as Float32Array;
    const chosen = spreadIndices(splits.train, bankSize);
    const shown = Math.min(nearest, chosen.length);
    const bank = gather(splits.train, images, chosen) as Float32Array;
    const asked = rowsOf((await model.embed(queries)).data, rows);
    const known = rowsOf((await model.embed(bank)).data, chosen.length);
    const [queryImages, pictures] = [rowsOf(queries, rows), rowsOf(bank, chosen.length)];
    const near = asked.map((query) =>
      known
        .map((other, index) => ({ index, far: dissimilarity(query, other, metric) }))
        .sort((one, other) => one.far - other.far)
        .slice(0, shown),
    );
    const cells = near.flatMap((of, row) => [queryImages[row]!, ...of.map(({ index }) => pictures[index]!)]);
    const captions = near.flatMap((of) => ['', ...of.map(({ far }) => far.toFixed(2))]);
    const columnLabels = ['test', ...Array.from({ length: shown }, (_, i) => `${i + 1}`)];
    const title = `Nearest of ${counted(chosen.length)} training images`;
    const unit = metric === 'cosine' ? '1 - cosine' : 'distance';
    const subtitle = aboutRun(context, `${rows} test images; below: ${unit}`);
    return figureGrid(cells, image, { columns: shown + 1, columnLabels, captions, title, subtitle });
  };
}
