import { gather } from '../../../data/batches.js';
import { everyIndex } from '../../../data/views.js';
import { aboutRun, counted } from '../../../figures/about-run.js';
import type { Figure } from '../../../figures/figure.js';
import { figureGrid, rowsOf } from '../../../figures/images.js';

/** The test images that a classifier gets most confidently wrong, one row of them for each class that it takes them for. */
export const mistakes: Figure<'classifier'> = async (context) => {
  const { model, data } = context;
  const columns = 8;
  const { test } = data.splits;
  const all = everyIndex(test);
  const x = rowsOf(gather(test, 'x', all) as Float32Array, test.size);
  const truth = gather(test, 'label', all);
  const { labels, confidences } = await model.classify(x);
  const wrong = all.filter((i) => labels[i] !== truth[i]).sort((one, other) => confidences[other]! - confidences[one]!);
  const { classes, image } = model.manifest.serve;
  const blank = new Float32Array(x[0]!.length).fill(image.range[0]);
  const rows = classes.map((name, label) => {
    const taken = wrong.filter((i) => labels[i] === label);
    const shown = taken.slice(0, columns).map((i) => x[i]!);
    return { label: `as ${name}: ${taken.length}`, cells: [...shown, ...Array(columns - shown.length).fill(blank)] };
  });
  return figureGrid(
    rows.flatMap(({ cells }) => cells),
    image,
    {
      columns,
      rowLabels: rows.map(({ label }) => label),
      title: `Mistakes: ${counted(wrong.length)} of ${counted(test.size)} test images`,
      subtitle: aboutRun(context, 'the most confident ones of each class'),
    },
  );
};
