import {
  type AnyKind,
  type CallOptions,
  defineKind,
  type Examples,
  float32,
  type Kind,
  type ManifestOf,
  mapRows,
  Random,
  rowsPerCall,
  ServedModel,
  toRows,
} from '@onnx-forge/infer';
import {
  type DataSet,
  defineRecipe,
  type Figure,
  gather,
  graphsOf,
  type Measure,
  positive,
  type Recipe,
  type Split,
  sequential,
  type Tensors,
  tf,
} from '@onnx-forge/train';
import type { Monitor } from '@onnx-forge/train/kinds';
import { scatterPlot, svgToPng } from '@onnx-forge/viz';
import { z } from 'zod';

/** A ninth kind of model, made of public names alone: a number for each row of features. */
export class Regressor extends ServedModel<ManifestOf<'regressor', RegressorServe>> {
  readonly kind = 'regressor';

  /** y of rows x [n, features], [n]. */
  predict(x: Examples, options: CallOptions = {}): Promise<Float32Array> {
    return this.call('predict', options, async (work) => {
      const { features } = this.manifest.serve;
      const session = this.graph('predict');
      const rows = toRows(x, { name: 'x', size: features });
      return (await mapRows(work, session, 'x', rows, ['y'], rowsPerCall(session, features))).y.data;
    });
  }
}

export interface RegressorServe {
  readonly features: number;
  readonly unit: string;
}

export const regressor: Kind<'regressor', RegressorServe, Regressor> = defineKind({
  kind: 'regressor',
  serve: z.object({ features: z.int().positive(), unit: z.string() }),
  roles: ({ serve }) => ({
    predict: { required: true, inputs: { x: ['batch', serve.features] }, outputs: { y: ['batch'] } },
  }),
  create: (context) => new Regressor(context),
});

/** y = 3 a - 2 b + 1, without noise. */
export function lineData(): DataSet {
  const random = new Random(3);
  const split = (size: number): Split => {
    const points = Array.from({ length: size }, () => [random.normal(), random.normal()] as const);
    return {
      size,
      fields: {
        x: { shape: [2], dtype: 'float32', read: (index, out, offset) => out.set(points[index]!, offset) },
        y: {
          shape: [],
          dtype: 'float32',
          read: (index, out, offset) => {
            const [a, b] = points[index]!;
            out[offset] = 3 * a - 2 * b + 1;
          },
        },
      },
    };
  };
  return {
    name: 'line',
    splits: { train: split(64), validation: split(8), test: split(16) },
    files: [],
    embedded: true,
  };
}

const all = (split: Split, field: string) =>
  gather(
    split,
    field,
    Array.from({ length: split.size }, (_, index) => index),
  ) as Float32Array;

async function errorsOf(model: Regressor, split: Split): Promise<number[]> {
  const y = all(split, 'y');
  return Array.from(await model.predict(all(split, 'x')), (found, i) => found - y[i]!);
}

const squaredError: Measure<typeof regressor> = async (model, { splits }, { split }) => {
  const errors = await errorsOf(model, splits[split]);
  const value = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
  return [{ name: 'squaredError', value, unit: `${model.manifest.serve.unit}^2`, split, examples: errors.length }];
};

const largestError: Measure<typeof regressor> = async (model, { splits }, { split }) => {
  const errors = await errorsOf(model, splits[split]);
  const value = Math.max(...errors.map(Math.abs));
  return [{ name: 'largestError', value, unit: model.manifest.serve.unit, split, examples: errors.length }];
};

/** y of x = 0, as a monitor of before measures has it. */
const atZero: Monitor = async (graphs) => {
  const { y } = await graphs.run('predict', { x: float32(new Float32Array(2), [1, 2]) });
  return { atZero: (y!.data as Float32Array)[0]! };
};

const predictions: Figure<typeof regressor> = async ({ model, data: { splits } }) => {
  const y = await model.predict(all(splits.test, 'x'));
  const chart = scatterPlot({
    title: 'Predictions',
    x: { label: 'y' },
    y: { label: 'predicted' },
    series: [{ name: 'test', x: Array.from(all(splits.test, 'y')), y: Array.from(y) }],
  });
  return { png: svgToPng(chart.svg), svg: chart.svg };
};

/** A straight line, fitted by least squares. @param kinds those that the recipe tells of */
export const lineRecipeOf = (kinds: readonly AnyKind[]): Recipe =>
  defineRecipe({
    name: 'line',
    task: 'a number of two',
    source: 'none',
    data: { real: 'line', embedded: 'line' },
    options: { learningRate: positive(0.1), batchSize: 16, epochs: 40 },
    batch: { x: { shape: [2] }, y: { shape: [] } },
    nets: (_, init) => ({
      line: sequential([tf.layers.dense({ inputShape: [2], units: 1, kernelInitializer: init.glorotUniform() })]),
    }),
    steps: {
      fit: {
        updates: ['line'],
        optimizer: ({ learningRate }) => tf.train.adam(learningRate),
        loss: ({ line }, { x, y }) => ({ loss: line.apply(x).squeeze([1]).sub(y).square().mean() as tf.Scalar }),
      },
    },
    kinds,
    serves({ line }) {
      const serve = { features: 2, unit: 'm' };
      return {
        kind: regressor,
        serve,
        graphs: graphsOf(
          regressor,
          { serve },
          {
            predict: ({ x }: Tensors<'x'>) => ({ y: line.apply(x).squeeze([1]) }),
          },
        ),
        validation: squaredError,
      };
    },
    watch: largestError,
    monitor: atZero,
    evaluate: squaredError,
    figures: { predictions },
  });

export const lineRecipe: Recipe = lineRecipeOf([regressor]);
