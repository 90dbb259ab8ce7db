import { load } from '@onnx-forge/infer';

const by = (id) => document.getElementById(id);
const device = new URLSearchParams(location.search).get('device') ?? 'auto';
const model = await load('run', { device }); // a run of two latent dimensions, in a folder beside the page
const { height, width } = model.manifest.serve.image;
let wanted = 0;

/** Decodes where the sliders stand; of several calls under way only the last is shown. */
async function draw() {
  const turn = ++wanted;
  const z = Float32Array.of(Number(by('z1').value), Number(by('z2').value));
  const { data } = await model.decode(z);
  if (turn !== wanted) return;
  const picture = new ImageData(width, height);
  data.forEach((value, i) => {
    picture.data.fill(Math.round(255 * value), 4 * i, 4 * i + 3);
    picture.data[4 * i + 3] = 255;
  });
  by('picture').getContext('2d').putImageData(picture, 0, 0);
  by('status').textContent = `z = (${z.join(', ')}), on ${model.device}`;
}

for (const id of ['z1', 'z2']) by(id).addEventListener('input', draw);
await draw();
