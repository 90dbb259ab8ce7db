import type { LogLine } from '@onnx-forge/train';
import { comparison, loggedValues } from '@onnx-forge/train/figures';
import { expect } from 'chai';
import { rejection } from '../rejects.js';

const log: readonly LogLine[] = [
  { kind: 'validation', step: 0, epoch: 0, metrics: { knn: 0.2 } },
  { kind: 'train', step: 5, epoch: 0.5, metrics: { 'fit/loss': -0.25 } },
  { kind: 'train', step: 10, epoch: 1, metrics: { 'fit/loss': -0.5 } },
  { kind: 'validation', step: 10, epoch: 1, metrics: { knn: 0.3 } },
];

/** How many lines with a path of this colour there are. */
const strokes = (svg: string, colour: string) =>
  svg.match(new RegExp(`<path d="M[^"]*" stroke="${colour}"`, 'g')) ?? [];

describe('figures: runs compared', () => {
  it('reads a metric by its name in the log, with or without what kind it is', () => {
    const run = { name: 'a', log };
    const loss = [
      { step: 5, epoch: 0.5, value: -0.25 },
      { step: 10, epoch: 1, value: -0.5 },
    ];
    expect(loggedValues(run, 'fit/loss')).to.deep.equal(loss);
    expect(loggedValues(run, 'train/fit/loss')).to.deep.equal(loss);
    expect(loggedValues(run, 'validation/knn')).to.deep.equal(loggedValues(run, 'knn'));
    expect(loggedValues(run, 'knn').map(({ value }) => value)).to.deep.equal([0.2, 0.3]);
  });

  it('draws a chart for each metric beneath each other, with a line for each run', () => {
    const runs = [
      { name: 'one run', log },
      { name: 'other run', log: log.map((line) => ({ ...line, epoch: 2 * line.epoch })) },
    ];
    const { svg } = comparison(runs, { metrics: ['fit/loss', 'knn'], title: 'A title' });
    expect(svg!.match(/<svg /g), 'a document and its two charts').to.have.length(3);
    for (const word of ['A title', 'one run', 'other run', 'fit/loss', 'knn', 'epochs']) expect(svg).to.include(word);
    // A line in each chart, and a sample of it in each legend.
    for (const colour of ['#0072b2', '#d55e00']) expect(strokes(svg!, colour).length).to.be.greaterThanOrEqual(2);
    const [, first, second] = svg!.match(/<svg [^>]*>/g)!;
    const top = (tag: string | undefined) => Number(/ y="(\d+)"/.exec(tag!)?.[1]);
    const height = Number(/ height="(\d+)"/.exec(first!)?.[1]);
    expect([top(first), top(second)]).to.deep.equal([0, height]);
  });

  it('keeps the clip paths of its charts apart', () => {
    const { svg } = comparison([{ name: 'a', log }], { metrics: ['fit/loss', 'knn'] });
    const ids = [...svg!.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const [, used] of svg!.matchAll(/url\(#([^)]+)\)/g)) expect(ids).to.include(used);
  });

  it('says which metrics a run has', async () => {
    const error = await rejection(() => comparison([{ name: 'a', log }], { metrics: ['kn'] }));
    expect(error.code).to.equal('metric-unknown');
    expect(error.message).to.match(/run 'a' has no metric 'kn'; did you mean 'knn'\? It has knn, fit\/loss/);
    const empty = await rejection(() => loggedValues({ name: 'b', log: [] }, 'knn'));
    expect(empty.message).to.match(/run 'b' has logged nothing yet/);
  });
});
