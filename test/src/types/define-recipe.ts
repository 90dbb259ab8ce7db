import {
  defineRecipe,
  latentModel,
  type Network,
  oneOf,
  positive,
  type Recipe,
  sequential,
  tf,
} from '@onnx-forge/train';
import type { OptionValues } from '@onnx-forge/train/options';
import { type CommonOptions, recipeOptions } from '@onnx-forge/train/recipe';
import { expectTypeOf } from 'expect-type';

/** Compiled, never run: the compiler is the test. */
export function declaresRecipes(): Recipe {
  const recipe = defineRecipe({
    name: 'typed',
    task: 'none',
    source: 'none',
    data: { real: 'mnist', embedded: 'synthetic-digits' },
    options: { epochs: 1, batchSize: 2, noise: true, name: 'text', rate: positive(0.1), mode: oneOf('one', 'two') },
    presets: { small: { batchSize: 1, mode: 'two' } },
    batch: { x: { shape: [784] }, label: { shape: [], dtype: 'int32' } },
    nets: (options, init) => {
      expectTypeOf(options.batchSize).toBeNumber();
      expectTypeOf(options.noise).toBeBoolean();
      expectTypeOf(options.name).toBeString();
      expectTypeOf(options.rate).toBeNumber();
      expectTypeOf(options.mode).toEqualTypeOf<'one' | 'two'>();
      // @ts-expect-error: no such option
      void options.learningRate;
      void init;
      return { encoder: sequential([]), decoder: sequential([]) };
    },
    steps: {
      elbo: {
        updates: ['encoder', 'decoder'],
        optimizer: ({ rate }) => tf.train.adam(rate),
        loss: (nets, batch, rng, { mode }) => {
          expectTypeOf(nets).toEqualTypeOf<{ encoder: Network; decoder: Network }>();
          expectTypeOf(batch).toEqualTypeOf<Readonly<Record<'x' | 'label', tf.Tensor>>>();
          expectTypeOf(rng.normal([2])).toExtend<tf.Tensor>();
          expectTypeOf(mode).toEqualTypeOf<'one' | 'two'>();
          return { loss: tf.scalar(0) };
        },
      },
    },
    serves: (nets) => {
      expectTypeOf(nets.encoder).toEqualTypeOf<Network>();
      return latentModel({} as Parameters<typeof latentModel>[0]);
    },
    figures: {
      own: ({ model }) => {
        expectTypeOf<typeof model.kind>().toEqualTypeOf<'latent'>();
        return [];
      },
    },
  });
  expectTypeOf(recipe).toEqualTypeOf<Recipe>();
  expectTypeOf(recipeOptions(recipe)).toEqualTypeOf<OptionValues & CommonOptions>();
  return recipe;
}
