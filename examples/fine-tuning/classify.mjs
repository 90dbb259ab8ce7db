/** Accuracy of a run on all images of a file: node classify.mjs RUN test.npz */
import { load } from '@onnx-forge/infer';
import { gather, openDataSet } from '@onnx-forge/train';

const [run, file] = process.argv.slice(2);
const model = await load(run, { device: 'cpu' });
const { splits } = await openDataSet(file, {});
let [right, all] = [0, 0];
for (const split of Object.values(splits)) {
  const every = Array.from({ length: split.size }, (_, index) => index);
  const { labels } = await model.classify(gather(split, 'x', every));
  const truth = gather(split, 'label', every);
  right += labels.filter((label, index) => label === truth[index]).length;
  all += split.size;
}
await model.dispose();
console.log(JSON.stringify({ accuracy: right / all, images: all }));
