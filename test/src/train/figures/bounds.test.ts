import { recipes } from '@onnx-forge/models';
import { elboCurves, type LogLine } from '@onnx-forge/train';
import type { Figure, FigureContext, FigureImage } from '@onnx-forge/train/figures';
import { expect } from 'chai';

/** After a training with these options. */
async function drawn(options: Record<string, string | number>, curves: Figure = elboCurves): Promise<string> {
  const line = (kind: LogLine['kind'], step: number, metrics: Record<string, number>): LogLine =>
    ({ kind, step, epoch: step, metrics }) as LogLine;
  const log = [1, 2].flatMap((step) => [
    line('train', step, { 'elbo/loss': 100 - step }),
    line('validation', step, { elbo: step - 110, firstBatchElbo: step - 120 }),
  ]);
  const model = { manifest: { model: 'vae', seed: 1, data: { name: 'digits' } } };
  const data = { name: 'digits', splits: { train: { size: 60 }, validation: { size: 20 } } };
  const figure = (await curves({ log, model, data, options } as unknown as FigureContext)) as FigureImage;
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

  it('does not in vae-2d either, which has the first minibatch beside them', async () => {
    const { curves } = (await recipes['vae-2d']()).default.figures!;
    const svg = await drawn({ objective: 'dreg', importanceSamples: 5 }, curves as Figure);
    expect(svg).to.include('importance-weighted bound of 5 draws').and.include('first minibatch');
    expect(svg).not.to.include('Evidence lower bound');
    expect(await drawn({ objective: 'joint' }, curves as Figure)).to.include('Evidence lower bound');
  });
});
