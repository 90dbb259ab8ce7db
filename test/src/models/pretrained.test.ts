import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LatentModel, load, loadTrainable, type MetricEntry } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { TrainingBatches } from '@onnx-forge/train/data';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';

const RUN = fileURLToPath(new URL('../../../models/pretrained/vae-2d', import.meta.url));

async function loadVae(): Promise<LatentModel> {
  const model = await load(RUN, { device: 'cpu' });
  if (model.kind !== 'latent') throw new Error(model.kind);
  return model;
}

/** The data that the run was trained on. */
async function data(options: Readonly<Record<string, unknown>>) {
  const { default: recipe } = await recipes['vae-2d']();
  return recipeData(recipe, { data: 'embedded', options: recipeOptions(recipe, { set: options }) });
}

describe('models/pretrained/vae-2d', () => {
  it('is small', async () => {
    const files = await readdir(RUN, { recursive: true });
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(RUN, file))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.below(5e6);
  });

  it('samples digits: dark images with some light, no two the same', async () => {
    await using model = await loadVae();
    const { images } = await model.sample(16, { seed: 1 });
    const means = Array.from({ length: 16 }, (_, row) => {
      const image = images.data.subarray(row * 784, (row + 1) * 784);
      expect(Math.max(...image)).to.be.above(0.8);
      return image.reduce((sum, value) => sum + value, 0) / 784;
    });
    for (const mean of means) expect(mean).to.be.within(0.03, 0.4);
    expect(new Set(means).size).to.equal(16);
  });

  it('scores the test images as its manifest says', async () => {
    await using model = await loadVae();
    const { test } = (await data(model.manifest.options)).splits;
    const images = Array.from({ length: test.size }, (_, index) => {
      const image = new Float32Array(784);
      test.fields.x!.read(index, image, 0);
      return image;
    });
    const said = (name: string): MetricEntry =>
      model.manifest.metrics.find((metric) => metric.name === name && metric.split === 'test')!;
    // Other noise on the same images: it moves the mean by far less than the images' own spread.
    const elbo = await model.elbo(images, { seed: 17 });
    expect(elbo.mean).to.be.closeTo(said('elbo').value, 0.5);
    expect(elbo.kl).to.be.closeTo(said('kl').value, 1e-3);
    const { mean, standardError } = await model.logLikelihood(images, { samples: 200, seed: 17 });
    expect(mean).to.be.closeTo(said('logLikelihood').value, 0.1);
    expect(standardError).to.be.closeTo(said('logLikelihood').standardError as number, 0.02);
    expect(images).to.have.length(said('elbo').samples!);
  });

  it('can be trained further: on other digits than it knows, its loss falls', async () => {
    await using session = await loadTrainable(RUN, { device: 'cpu' });
    const { batchSize, ...options } = session.manifest.options;
    const { train } = (await data(options)).splits;
    const batches = new TrainingBatches(train, { batchSize: batchSize as number, seed: 5, fields: ['x'] });
    const { x } = batches.next().fields as { x: Float32Array };
    const negative = x.map((value) => 1 - value);
    const first = await session.step({ x: negative });
    for (let step = 0; step < 30; step++) await session.step({ x: negative });
    const last = await session.step({ x: negative });
    expect(last.loss!).to.be.below(first.loss! / 2);
  });

  it('has its command and its numbers in the README', async () => {
    const readme = await readFile(join(RUN, '..', 'README.md'), 'utf8');
    const { manifest } = await loadTrainable(RUN, { device: 'cpu' }).then(async (session) => {
      await session.dispose();
      return session;
    });
    const { hiddenDim, shuffle, batchSize, epochs } = manifest.options;
    for (const words of [
      `hiddenDim=${hiddenDim}`,
      `shuffle=${shuffle}`,
      `--batch-size ${batchSize}`,
      `--epochs ${epochs}`,
      `--seed ${manifest.seed}`,
    ]) {
      expect(readme).to.include(words);
    }
    for (const name of ['elbo', 'logLikelihood']) {
      const metric = manifest.metrics.find((entry) => entry.name === name && entry.split === 'test')!;
      expect(readme).to.include(`${metric.value.toFixed(2)} (s.e. ${(metric.standardError as number).toFixed(2)})`);
    }
  });
});
