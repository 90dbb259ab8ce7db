import { lineChart, svgToPng } from '@onnx-forge/viz';
import { type CurvesOptions, curves } from '../../../figures/curves.js';
import type { Figure } from '../../../figures/figure.js';

/**
 * The bound that is trained, on training batches, and the ELBO of the validation split, over training.
 *
 * @param options more lines, which stand between the two, and the ends of the y axis
 */
export const boundCurves =
  ({ lines = [], domain }: Partial<Pick<CurvesOptions, 'lines' | 'domain'>> = {}): Figure =>
  (context) => {
    const { objective, importanceSamples: draws } = context.options;
    const tighter = (objective === 'iwae' || objective === 'dreg') && Number(draws) > 1;
    return curves({
      title: tighter ? 'Lower bounds on log p(x)' : 'Evidence lower bound',
      y: tighter ? 'bound (nats per image)' : 'ELBO (nats per image)',
      lines: [
        {
          name: tighter ? `training, importance-weighted bound of ${draws} draws` : 'training',
          kind: 'train',
          metric: 'elbo/loss',
          negate: true,
        },
        ...lines,
        { name: tighter ? 'validation, ELBO' : 'validation', kind: 'validation', metric: 'elbo' },
      ],
      ...(domain && { domain }),
    })(context);
  };

/** The bound that is trained and the ELBO of the validation split: `boundCurves` with nothing beside. */
export const elboCurves: Figure = boundCurves();

/**
 * The importance-sampled log p(x) of the validation examples that are tracked, their ELBO, and the gap between the two:
 * KL(q(z|x) || p(z|x)). Whether training raises the likelihood or tightens the bound.
 */
export const likelihoodGap: Figure = ({ log, model: { manifest } }) => {
  const points = log.filter(({ kind, metrics }) => kind === 'validation' && metrics.gap !== undefined);
  if (points.length === 0) return [];
  const x = points.map(({ epoch }) => epoch);
  const of = (metric: string) => points.map(({ metrics }) => metrics[metric]!);
  const [logLikelihood, gap] = [of('logLikelihood'), of('gap')];
  const subtitle = `${manifest.model}, validation images of ${manifest.data.name}, seed ${manifest.seed}`;
  const parts = {
    bounds: lineChart({
      title: 'log p(x) and its lower bound',
      subtitle,
      x: { label: 'epochs' },
      y: { label: 'nats per image' },
      series: [
        { name: 'log p(x), importance-sampled', x, y: logLikelihood },
        { name: 'ELBO', x, y: logLikelihood.map((value, index) => value - gap[index]!) },
      ],
    }),
    gap: lineChart({
      title: 'The gap, KL(q(z|x) || p(z|x))',
      subtitle,
      x: { label: 'epochs' },
      y: { label: 'log p(x) - ELBO (nats per image)' },
      series: [{ name: 'gap', x, y: gap }],
    }),
  };
  return Object.entries(parts).map(([part, { svg }]) => ({ part, svg, png: svgToPng(svg) }));
};
