import { Random } from '@onnx-forge/infer';
import { classify, openClassifier } from './classifier.js';
import { readImage, sorted } from './images.js';

const by = (id) => document.getElementById(id);
const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
const device = new URLSearchParams(location.search).get('device') ?? 'auto';
const say = (text) => {
  by('status').textContent = text;
};

let stopped = false;
let chosen = { names: [], train: [], test: [] };

by('file').addEventListener('change', choose);
by('images').addEventListener('change', choose);
by('stop').addEventListener('click', () => {
  stopped = true;
});
by('train').addEventListener('click', async () => {
  by('train').disabled = true;
  by('stop').disabled = stopped = false;
  by('save').replaceChildren();
  await fineTune().catch((error) => say(error.message));
  by('train').disabled = false;
  by('stop').disabled = true;
});

function choose() {
  chosen = sorted([...by('images').files]);
  const { names, train, test } = chosen;
  by('train').disabled = !modelFile() || names.length < 2;
  if (names.length === 1) say('One class alone: choose the folder that holds the folders of the classes.');
  else
    say(`${names.length} classes (${names.join(', ')}), ${train.length} images to train with, ${test.length} to test`);
}

async function fineTune() {
  say('Reading the model, compiling its training step ...');
  const beside = [...by('file').files].filter((file) => file !== modelFile());
  const classifier = await openClassifier(await bytesOf(modelFile()), {
    classes: chosen.names.length,
    part: by('part').value,
    external: Object.fromEntries(await Promise.all(beside.map(async (file) => [file.name, await bytesOf(file)]))),
    device,
  });
  by('notes').replaceChildren(...classifier.notes.map(({ message }) => make('li', { textContent: message })));
  try {
    const iterations = await train(classifier);
    const file = await classifier.file();
    const tests = await readAll(chosen.test, classifier.image);
    const found = await classify(file, tests, classifier);
    show(found);
    const href = URL.createObjectURL(new Blob([file]));
    by('save').replaceChildren(make('a', { href, download: 'fine-tuned.onnx', textContent: 'Save the model' }));
    const right = found.filter((label, i) => label === chosen.test[i].label).length;
    say(`${right} of ${found.length} test images right after ${iterations} iterations, on ${classifier.device}`);
  } finally {
    await classifier.dispose();
  }
}

/** @returns after how many iterations it was done, or stopped */
async function train({ image, batch, device, train: step }) {
  const images = await readAll(chosen.train, image);
  const [size, steps, random, losses] = [images[0].length, Number(by('steps').value), new Random(1), []];
  const begin = performance.now();
  while (losses.length < steps && !stopped) {
    const x = new Float32Array(batch * size);
    const labels = new Int32Array(batch);
    for (let row = 0; row < batch; row++) {
      const drawn = random.integer(images.length);
      x.set(images[drawn], row * size);
      labels[row] = chosen.train[drawn].label;
    }
    losses.push(await step(x, labels));
    if (losses.length % 10 !== 0 && losses.length !== steps) continue;
    drawCurve(losses);
    const each = (performance.now() - begin) / losses.length;
    say(`Iteration ${losses.length}: loss ${losses.at(-1).toFixed(3)}, ${each.toFixed(1)} ms each, on ${device}`);
    await new Promise(requestAnimationFrame);
  }
  return losses.length;
}

const readAll = (list, image) => Promise.all(list.map(({ file }) => readImage(file, image, by('scale').value)));
const modelFile = () => [...by('file').files].find(({ name }) => name.endsWith('.onnx'));
const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());

/** Up to 48 test images with the class that each was given. */
function show(found) {
  const figures = chosen.test.slice(0, 48).map(({ file, label }, i) => {
    const [said, wanted] = [chosen.names[found[i]], chosen.names[label]];
    const src = URL.createObjectURL(file);
    const figure = make('figure', { className: said === wanted ? 'right' : 'wrong' });
    const picture = make('img', { src, alt: `an image of ${wanted}`, onload: () => URL.revokeObjectURL(src) });
    const textContent = said === wanted ? wanted : `${said}, not ${wanted}`;
    figure.append(picture, make('figcaption', { textContent }));
    return figure;
  });
  by('pictures').replaceChildren(...figures);
}

function drawCurve(losses) {
  const high = Math.max(...losses);
  const x = (i) => 60 + (570 * i) / Math.max(1, losses.length - 1);
  const y = (loss) => 20 + 150 * (1 - loss / high);
  const points = losses.map((loss, i) => `${x(i).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
  by('curve').innerHTML = `<text x="4" y="16">loss</text><text x="4" y="34">${high.toFixed(2)}</text>
    <text x="4" y="172">0</text><text x="540" y="194">iteration ${losses.length}</text><polyline points="${points}" />`;
}
