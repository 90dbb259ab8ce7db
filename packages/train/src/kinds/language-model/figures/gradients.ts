import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { type Chart, lineChart, stackCharts, svgToPng } from '@onnx-forge/viz';
import { gather } from '../../../data/batches.js';
import { everyIndex } from '../../../data/views.js';
import { aboutRun } from '../../../figures/about-run.js';
import type { Figure, FigureContext } from '../../../figures/figure.js';
import { CausalTransformer, type CausalTransformerOptions } from '../../../layers/causal-transformer.js';
import { seededInitializers } from '../../../layers/initializers.js';
import { useBackend } from '../../../tfjs-backend.js';
import { GRADIENT_METRICS, type GradientPath, gradientNorms } from '../measures/gradient-norms.js';

const TITLES: Readonly<Record<GradientPath, string>> = {
  whole: 'Gradient of the loss by what enters each layer',
  residual: 'Its component along the residual path',
};

/** Of the run's depth: norms of d loss / d x_l before training and after some of its epochs, whole and along the residual path. */
export const gradientsInTraining: Figure<'language-model'> = ({ log, model, options }) => {
  const lines = log.filter(({ metrics }) => `${GRADIENT_METRICS.whole}/0` in metrics);
  if (lines.length === 0) return [];
  const shown = lines.filter((_, index) => index === 0 || index % Math.ceil((lines.length - 1) / 4) === 0);
  const layers = Array.from({ length: Number(options.layers) + 1 }, (_, layer) => layer);
  const charts = Object.entries(TITLES).map(([path, title]) => {
    const metric = GRADIENT_METRICS[path as GradientPath];
    return lineChart({
      title,
      subtitle: `${options.normalisation}-LN, ${options.layers} layers, ${model.manifest.data.name}, seed ${model.manifest.seed}`,
      x: { label: 'layer (0: the embeddings)' },
      y: { label: 'norm over a batch', scale: 'log' },
      series: shown.map(({ step, metrics }) => ({
        name: step === 0 ? 'before training' : `${step} iterations`,
        x: layers,
        y: layers.map((layer) => metrics[`${metric}/${layer}`]!),
      })),
      height: 280,
    });
  });
  return image(stackCharts(charts));
};

/** Depths of {@link gradientsByDepth}, and how many windows of the validation text the loss is taken over. */
const DEPTHS = [2, 4, 8, 12, 24, 48];
const WINDOWS = 4;

/**
 * Before training, for many depths: the gradient that arrives after the first block over that at the last block's output,
 * pre-LN and post-LN, whole and along the residual path. The nets have the run's options but for these two. Drawn only for
 * runs that watch gradients.
 */
export const gradientsByDepth: Figure<'language-model'> = async (context) => {
  if (!context.options.gradientNorms) return [];
  await useBackend('cpu');
  const windows = someWindows(context);
  const series = [];
  for (const normalisation of ['pre', 'post'] as const) {
    const paths = { whole: [] as number[], residual: [] as number[] };
    for (const layers of DEPTHS) {
      const options = { ...context.options, layers, normalisation, vocabularySize: vocabularySize(context) };
      const random = new Random(context.model.manifest.seed).fork('weights');
      const net = new CausalTransformer(options as unknown as CausalTransformerOptions, seededInitializers(random));
      for (const path of ['whole', 'residual'] as const) {
        const norms = tf.tidy(() => gradientNorms(net, windows, path).dataSync());
        paths[path].push(norms[1]! / norms[layers]!);
      }
      net.dispose();
    }
    series.push({ name: `${normalisation}-LN`, x: DEPTHS, y: paths.whole });
    series.push({ name: `${normalisation}-LN, residual path alone`, x: DEPTHS, y: paths.residual });
  }
  windows.dispose();
  const { width, feedForward } = context.options;
  return image(
    lineChart({
      title: 'How much of the gradient reaches the first layer, before training',
      subtitle: aboutRun(
        context,
        `width ${width}, ${feedForward ? 'with' : 'without'} feed-forward networks, ${WINDOWS} windows`,
      ),
      x: { label: 'layers' },
      y: { label: '|d loss / d x_1| over |d loss / d x_L|', scale: 'log' },
      series,
    }),
  );
};

function someWindows({ data }: FigureContext): tf.Tensor {
  const tokens = gather(data.splits.validation, 'tokens', everyIndex({ size: WINDOWS }));
  return tf.tensor2d(tokens, [WINDOWS, tokens.length / WINDOWS], 'int32');
}

function vocabularySize({ model }: FigureContext<'language-model'>): number {
  const { vocabularies, serve } = model.manifest;
  return vocabularies![serve.vocabulary]!.length;
}

function image({ svg }: Chart) {
  return { svg, png: svgToPng(svg) };
}
