import { loadTrainable, Random } from '@onnx-forge/infer';
import { drawImage, PIXELS, readImage } from './images.js';

const by = (id) => document.getElementById(id);
const RUN = new URLSearchParams(location.search).get('run') ?? 'run'; // a folder beside the page
const DEVICE = new URLSearchParams(location.search).get('device') ?? 'auto'; // the faster one of webgpu and wasm

let images = [];
let stopped = false;
const losses = [];
const random = new Random(1);
const say = (text) => {
  by('status').textContent = text;
};

const session = await loadTrainable(RUN, { device: DEVICE, seed: 1 }).catch((error) => {
  say(error.message);
  throw error;
});
const [batch] = session.inputs().x.shape;
say(`Ready, on ${session.device}. Choose some images.`);

by('files').addEventListener('change', () => choose([...by('files').files]));
by('invert').addEventListener('change', () => choose([...by('files').files]));
by('drop').addEventListener('dragover', (event) => event.preventDefault());
by('drop').addEventListener('drop', (event) => {
  event.preventDefault();
  choose([...event.dataTransfer.files]);
});
by('stop').addEventListener('click', () => {
  stopped = true;
});
by('train').addEventListener('click', () => train(Number(by('steps').value)).catch((error) => say(error.message)));

async function choose(files) {
  const options = { invert: by('invert').checked };
  const read = await Promise.allSettled(files.map((file) => readImage(file, options)));
  images = read.flatMap(({ value }) => (value ? [value] : []));
  by('train').disabled = images.length === 0;
  const refused = read.length - images.length;
  say(`${images.length} images${refused > 0 ? `; ${refused} files are none` : ''}.`);
  if (images.length > 0) await show();
}

async function train(steps) {
  by('train').disabled = true;
  by('stop').disabled = stopped = false;
  const begin = performance.now();
  let done = 0;
  while (done < steps && !stopped) {
    // The step takes a batch of one size: images at random, again and again.
    const x = new Float32Array(batch * PIXELS);
    for (let row = 0; row < batch; row++) x.set(images[random.integer(images.length)], row * PIXELS);
    const { loss } = await session.step({ x });
    losses.push(loss);
    done++;
    if (done % 10 === 0 || done === steps) {
      drawCurve();
      const each = (performance.now() - begin) / done;
      say(
        `Iteration ${losses.length}: ${loss.toFixed(1)} nats per image, ${each.toFixed(1)} ms each, on ${session.device}`,
      );
      await new Promise(requestAnimationFrame);
    }
  }
  await show();
  by('train').disabled = false;
  by('stop').disabled = true;
  document.body.dataset.trained = String(losses.length);
}

/** Up to 48 images, each above what the model of now decodes from its latent mean. */
async function show() {
  const model = await session.model();
  const shown = images.slice(0, 48);
  const { mu } = await model.encode(shown);
  const { data } = await model.decode(mu);
  await model.dispose();
  const pairs = shown.map((image, row) => {
    const figure = document.createElement('figure');
    figure.append(drawImage(image), drawImage(data.subarray(row * PIXELS, (row + 1) * PIXELS)));
    return figure;
  });
  by('pictures').replaceChildren(...pairs);
}

function drawCurve() {
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const x = (i) => 60 + (570 * i) / Math.max(1, losses.length - 1);
  const y = (loss) => 20 + (150 * (high - loss)) / Math.max(1e-9, high - low);
  const points = losses.map((loss, i) => `${x(i).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
  by('curve').innerHTML = `<text x="4" y="16">loss (nats per image)</text>
    <text x="4" y="34">${high.toFixed(0)}</text><text x="4" y="172">${low.toFixed(0)}</text>
    <text x="560" y="194">iteration ${losses.length}</text><polyline points="${points}" />`;
}
