import { Random } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import {
  gaussian,
  gaussianOf,
  repeatRows,
  type StepRandom,
  tf,
  train,
  useBackend,
  type VariationalOptions,
  variationalLoss,
  variationalOptions,
} from '@onnx-forge/train';
import { linearGaussianLogLikelihood, linearGaussianWeights, sampleLinearGaussian } from '@onnx-forge/train/kinds';
import type { Gaussian } from '@onnx-forge/train/objectives';
import { recipeOptions, requireTrainable } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import { rejection } from './rejects.js';
import { inTemporaryFolder } from './tiny.js';

const [BATCH, PIXELS, LATENT] = [3, 5, 2];

/** A model with one linear layer each way, and its parameters. */
function toy() {
  const random = new Random(4);
  const normal = (shape: number[]) => tf.tensor(random.fillNormal(new Float32Array(shape[0]! * shape[1]!)), shape);
  const x = normal([BATCH, PIXELS]).greater(0).cast('float32');
  const encoder = normal([PIXELS, 2 * LATENT]).mul<tf.Tensor2D>(0.3);
  const decoder = normal([LATENT, PIXELS]) as tf.Tensor2D;
  return { x, encoder, decoder };
}

/** The draws that the loss asks for, kept. */
function recording(seed: number): { rng: StepRandom; drawn: Float32Array[] } {
  const random = new Random(seed);
  const drawn: Float32Array[] = [];
  const normal = (shape: readonly number[]) => {
    const values = random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)));
    drawn.push(values);
    return tf.tensor(values.slice(), [...shape]);
  };
  return { drawn, rng: { normal, uniform: () => expect.fail('uniform') } };
}

/** The bound in float64, straight from its definition. */
function expected(
  { x, encoder, decoder }: ReturnType<typeof toy>,
  noise: Float32Array,
  { objective, importanceSamples: K }: VariationalOptions,
): number {
  const [xs, E, D] = [x, encoder, decoder].map((tensor) => Array.from(tensor.dataSync()));
  const log2pi = Math.log(2 * Math.PI);
  let total = 0;
  for (let n = 0; n < BATCH; n++) {
    const q = Array.from({ length: 2 * LATENT }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < PIXELS; i++) sum += xs![n * PIXELS + i]! * E![i * 2 * LATENT + j]!;
      return sum;
    });
    const weights: number[] = [];
    const conditionals: number[] = [];
    for (let k = 0; k < K; k++) {
      let [prior, posterior, conditional] = [0, 0, 0];
      const z = Array.from({ length: LATENT }, (_, d) => {
        const [mu, logVar, e] = [q[d]!, q[LATENT + d]!, noise[(n * K + k) * LATENT + d]!];
        const value = mu + Math.exp(logVar / 2) * e;
        prior -= (log2pi + value ** 2) / 2;
        posterior -= (log2pi + logVar + e ** 2) / 2;
        return value;
      });
      for (let i = 0; i < PIXELS; i++) {
        const logit = z.reduce((sum, value, d) => sum + value * D![d * PIXELS + i]!, 0);
        conditional += xs![n * PIXELS + i]! * logit - Math.log1p(Math.exp(logit));
      }
      conditionals.push(conditional);
      weights.push(conditional + prior - posterior);
    }
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const kl = q.slice(0, LATENT).reduce((sum, mu, d) => {
      const logVar = q[LATENT + d]!;
      return sum + (Math.exp(logVar) + mu ** 2 - 1 - logVar) / 2;
    }, 0);
    total += {
      elbo: mean(conditionals) - kl,
      joint: mean(weights),
      iwae: Math.log(mean(weights.map(Math.exp))),
      dreg: Math.log(mean(weights.map(Math.exp))),
    }[objective];
  }
  return total / BATCH;
}

describe('variationalLoss', () => {
  before(() => useBackend('cpu'));

  const lossOf = ({ x, encoder, decoder }: ReturnType<typeof toy>, options: VariationalOptions, rng: StepRandom) =>
    variationalLoss({ x, q: gaussian(x.matMul(encoder)), decode: (z) => z.matMul(decoder) }, rng, options);

  for (const objective of ['elbo', 'joint', 'iwae'] as const) {
    for (const importanceSamples of [1, 4]) {
      it(`${objective} with K = ${importanceSamples} is its definition in float64, and so are its gradients`, () => {
        const model = toy();
        const options = { objective, importanceSamples };
        const { rng, drawn } = recording(9);
        const { value, grads } = tf.valueAndGrads(
          (encoder: tf.Tensor, decoder: tf.Tensor) =>
            lossOf({ ...model, encoder: encoder as tf.Tensor2D, decoder: decoder as tf.Tensor2D }, options, rng)
              .loss as tf.Scalar,
        )([model.encoder, model.decoder]);
        const noise = drawn[0]!;
        expect(value.dataSync()[0]).to.be.closeTo(-expected(model, noise, options), 1e-5);
        for (const [index, name] of (['encoder', 'decoder'] as const).entries()) {
          const gradient = grads[index]!.dataSync();
          const values = model[name].dataSync();
          for (let i = 0; i < values.length; i++) {
            const at = (step: number) => {
              const moved = Float32Array.from(values);
              moved[i]! += step;
              return expected({ ...model, [name]: tf.tensor(moved, model[name].shape) }, noise, options);
            };
            const [up, down] = [at(1 / 64), at(-1 / 64)];
            expect(gradient[i], `${name} ${i}`).to.be.closeTo(-(up - down) * 32, 2e-3);
          }
        }
      });
    }
  }

  it('K = 1: iwae is the joint form, and both are the ELBO in expectation', () => {
    const model = toy();
    // 400 batches in one: the mean over them is the expectation, nearly.
    const wide = { ...model, x: model.x.tile([4000, 1]) };
    const of = (objective: VariationalOptions['objective']) =>
      lossOf(wide, { objective, importanceSamples: 1 }, recording(5).rng).loss.dataSync()[0]!;
    expect(of('iwae')).to.be.closeTo(of('joint'), 1e-5);
    expect(of('joint')).to.be.closeTo(of('elbo'), 0.05);
  });

  it('iwae rises with K on the average', () => {
    const model = toy();
    const wide = { ...model, x: model.x.tile([300, 1]) };
    const bounds = [1, 2, 8, 32].map(
      (importanceSamples) =>
        -lossOf(wide, { objective: 'iwae', importanceSamples }, recording(6).rng).loss.dataSync()[0]!,
    );
    for (let i = 1; i < bounds.length; i++) expect(bounds[i]).to.be.greaterThan(bounds[i - 1]!);
  });

  it('dreg is the bound of iwae; its gradients: doubly-reparameterised.test.ts', () => {
    const model = toy();
    const options = { objective: 'dreg', importanceSamples: 4 } as const;
    const { rng, drawn } = recording(9);
    const loss = lossOf(model, options, rng).loss.dataSync()[0];
    expect(loss).to.be.closeTo(-expected(model, drawn[0]!, options), 1e-5);
  });

  it('reports log p(x|z) and the KL beside the loss: loss = kl - reconstruction for the ELBO', () => {
    const { loss, reconstruction, kl } = lossOf(toy(), { objective: 'elbo', importanceSamples: 3 }, recording(1).rng);
    expect(loss.dataSync()[0]).to.be.closeTo(kl.dataSync()[0]! - reconstruction.dataSync()[0]!, 1e-5);
  });

  it('is an option with a default of the recipe', () => {
    expect(variationalOptions('joint').objective.default).to.equal('joint');
    expect(variationalOptions().objective.accepts('iwae')).to.equal(true);
    expect(variationalOptions().importanceSamples.accepts(0)).to.equal(false);
  });

  it('of one draw, iwae and dreg are the ELBO: a new training refuses them, a trained run keeps them', async () => {
    const { default: recipe } = await recipes.vae();
    const optionsOf = (set: Partial<VariationalOptions>) => recipeOptions(recipe, { set });
    for (const objective of ['iwae', 'dreg'] as const) {
      const alone = optionsOf({ objective });
      expect(alone).to.include({ objective, importanceSamples: 1 });
      const error = await rejection(() => requireTrainable(recipe, alone));
      expect(error.code).to.equal('option-invalid');
      expect(error.message).to.equal(
        `recipe 'vae': objective=${objective} with importanceSamples=1 is the ELBO: set importanceSamples=5 or more`,
      );
      requireTrainable(recipe, optionsOf({ objective, importanceSamples: 2 }));
      const request = { recipe, out: 'never', data: 'synthetic-digits', set: { objective } };
      await inTemporaryFolder(async (out) => {
        expect((await rejection(() => train({ ...request, out }))).message).to.equal(error.message);
      });
    }
    for (const objective of ['elbo', 'joint'] as const) requireTrainable(recipe, optionsOf({ objective }));
  });

  it('repeatRows puts the copies of a row one after the other', () => {
    expect(
      Array.from(
        repeatRows(
          tf.tensor2d([
            [1, 2],
            [3, 4],
          ]),
          2,
        ).dataSync(),
      ),
    ).to.deep.equal([1, 2, 1, 2, 3, 4, 3, 4]);
  });

  it('has a posterior whose draws are reparameterised', () => {
    const q: Gaussian = gaussianOf(tf.zeros([1, 2]), tf.zeros([1, 2]));
    expect(Array.from(q.reparameterize(tf.tensor2d([[1, -1]])).dataSync())).to.deep.equal([1, -1]);
  });
});

describe('the linear-Gaussian model', () => {
  it('importance sampling from the exact posterior has no error at all', () => {
    const model = { dimensions: 16, noise: 0.5 };
    const x = sampleLinearGaussian(model, new Random(1));
    const weights = linearGaussianWeights(model, x, { estimator: 'importance', samples: 10 }, new Random(2));
    expect(weights.logMean).to.be.closeTo(linearGaussianLogLikelihood(model, x), 1e-9);
    expect(weights.effectiveSampleSize).to.be.closeTo(10, 1e-6);
  });

  it('both estimators meet the exact value where the prior is wide enough; in 32 dimensions only one does', () => {
    const estimate = (dimensions: number, estimator: 'prior' | 'importance') => {
      const model = { dimensions, noise: 0.5 };
      const x = sampleLinearGaussian(model, new Random(3));
      const options = { estimator, samples: 20_000, spread: 1.2 };
      return linearGaussianWeights(model, x, options, new Random(4)).logMean - linearGaussianLogLikelihood(model, x);
    };
    for (const estimator of ['prior', 'importance'] as const) expect(estimate(2, estimator)).to.be.closeTo(0, 0.05);
    expect(estimate(32, 'importance')).to.be.closeTo(0, 0.05);
    expect(estimate(32, 'prior')).to.be.lessThan(-2);
  });
});
