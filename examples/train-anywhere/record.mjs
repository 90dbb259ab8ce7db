// Trains a saved step of one batch size in Node and writes what it was fed and what came of it, so that another program can be held to it:
//     node record.mjs RUN OUT [STEPS]
// OUT/inputs.safetensors: batches and random numbers, each [STEPS, ...shape]; OUT/expected.safetensors: the state afterwards.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSafetensors, loadTrainable, Random } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { loadDataSet } from '@onnx-forge/train';
import { TrainingBatches } from '@onnx-forge/train/data';
import { recipeData } from '@onnx-forge/train/recipe';

const [run, out, count = '200'] = process.argv.slice(2);
if (!out || !(Number(count) > 0)) throw new Error('usage: node record.mjs RUN OUT [STEPS]');
const steps = Number(count);

const session = await loadTrainable(run, { device: 'cpu' });
const { model, options, data, seed, training } = session.manifest;
if (session.steps.length !== 1)
  throw new Error(`${run} has steps ${session.steps.join(', ')}: this program records one`);
const { default: recipe } = await recipes[model]();
const { splits } = await recipeData(recipe, { data: await loadDataSet(data.name), options });
const batches = new TrainingBatches(splits.train, { batchSize: options.batchSize, seed });

const { batch, hostInputs } = Object.values(training.steps)[0];
const random = Random.fromState(training.random); // the numbers that the session draws
const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);
const recorded = {};
const place = (name, { shape, dtype }, index) => {
  const size = sizeOf(shape);
  recorded[name] ??= {
    shape: [steps, ...shape],
    data: new (dtype === 'int32' ? Int32Array : Float32Array)(steps * size),
  };
  return recorded[name].data.subarray(index * size, (index + 1) * size);
};
for (let index = 0; index < steps; index++) {
  const { fields } = batches.next();
  for (const [name, spec] of Object.entries(batch)) place(name, spec, index).set(fields[name]);
  for (const input of hostInputs) {
    const { name, kind, low, high } = input;
    if (kind === 'normal') random.fillNormal(place(name, input, index));
    if (kind === 'uniform') random.fillUniform(place(name, input, index), low, high);
  }
  const metrics = await session.step(fields);
  if ((index + 1) % 50 === 0) console.log(`step ${index + 1}`, metrics);
}

await mkdir(out, { recursive: true });
const write = (file, arrays) => writeFile(join(out, file), encodeSafetensors({ arrays, metadata: {} }));
await write('inputs.safetensors', recorded);
await write('expected.safetensors', await session.state());
await session.dispose();
