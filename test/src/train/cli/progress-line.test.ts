import { expect } from 'chai';
import { progressLine, widthOf } from '../../../../packages/train/dist/cli/output/progress-line.js';

const standing = {
  task: 'vae: training',
  fraction: 0.42,
  etaSeconds: 65,
  detail: 'epoch 3/20  elbo/loss 98.21, elbo/kl 12.34, elbo/reconstruction -85.87  14.2 ms/step',
};

describe('the progress line', () => {
  it('shows everything where there is room', () => {
    expect(progressLine(standing, 200)).to.equal(
      `vae: training ${'█'.repeat(10)}${'░'.repeat(14)} 42%  ETA 1 min 05 s  ${standing.detail}`,
    );
  });

  it('fits every width, and cuts no item in two', () => {
    const items = standing.detail.split(/, | {2}/);
    for (let columns = 1; columns < 200; columns++) {
      const line = progressLine(standing, columns);
      expect(widthOf(line)).to.be.at.most(columns);
      if (columns < 38) continue;
      expect(line).to.match(/^vae: training █*░* ?42% {2}ETA 1 min 05 s/);
      const shown = line
        .split('ETA 1 min 05 s')[1]!
        .replace(/ …$/, '')
        .split(/, | {2}/)
        .slice(1);
      expect(shown).to.deep.equal(items.slice(0, shown.length));
    }
    expect(progressLine(standing, 80)).to.equal(
      `vae: training ${'█'.repeat(10)}${'░'.repeat(14)} 42%  ETA 1 min 05 s  epoch 3/20 …`,
    );
  });

  it('gives up the bar, then the time, then the end of the name', () => {
    expect(progressLine(standing, 42)).to.equal(`vae: training ███░░░░░ 42%  ETA 1 min 05 s`);
    expect(progressLine(standing, 35)).to.equal(`vae: training 42%  ETA 1 min 05 s`);
    expect(progressLine(standing, 20)).to.equal('vae: training 42%');
    expect(progressLine(standing, 10)).to.equal('vae: trai…');
    expect(progressLine({ ...standing, task: '訓練訓練訓練' }, 8)).to.equal('訓練訓…');
  });

  it('is one line, whatever the texts are', () => {
    const line = progressLine({ task: 'a\nb', fraction: 2, detail: 'c\td\x1b[2J' }, 100);
    expect(line).to.equal(`a b ${'█'.repeat(24)} 100%  c d\\x1b[2J`);
  });
});
