import { elboCurves, type LogLine } from '@onnx-forge/train';
import type { FigureContext, FigureImage } from '@onnx-forge/train/figures';
import { expect } from 'chai';

/** Of `elboCurves` after a training with these options. */
async function drawn(options: Record<string, string | number>): Promise<string> {
  const line = (kind: LogLine['kind'], step: number, metrics: Record<string, number>): LogLine =>
    ({ kind, step, epoch: step, metrics }) as LogLine;
  const log = [1, 2].flatMap((step) => [
    line('train', step, { 'elbo/loss': 100 - step }),
    line('validation', step, { elbo: step - 110 }),
  ]);
  const model = { manifest: { model: 'vae', seed: 1, data: { name: 'digits' } } };
  const data = { name: 'digits', splits: { train: { size: 60 }, validation: { size: 20 } } };
  const figure = (await elboCurves({ log, model, data, options } as unknown as FigureContext)) as FigureImage;
  return figure.svg!;
}

describe('the chart of the bounds', () => {
  it('calls the ELBO by its name', async () => {
    const svg = await drawn({ objective: 'elbo', importanceSamples: 1 });
    expect(svg).to.include('Evidence lower bound').and.include('ELBO (nats per image)');
    expect(svg).to.include('60 training').and.include('20 validation');
    expect(svg).not.to.include('importance-weighted');
  });

  it('does not call a tighter bound so', async () => {
    const svg = await drawn({ objective: 'iwae', importanceSamples: 20 });
    expect(svg).to.include('importance-weighted bound of 20 draws').and.include('validation, ELBO');
    expect(svg).not.to.include('Evidence lower bound');
  });
});
