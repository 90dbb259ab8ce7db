import { once } from 'node:events';
import { appendFile, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Random } from '@onnx-forge/infer';
import { type LogLine, readLog } from '@onnx-forge/train';
import { expect } from 'chai';
import { LogFollower } from '../../../../packages/train/dist/metrics/log-follower.js';
import { complaints, inFolder, onnxForge, start } from './onnx-forge.js';

const line = (step: number, loss = 1 / step, kind: LogLine['kind'] = 'train'): LogLine => ({
  kind,
  step,
  epoch: step / 10,
  metrics: kind === 'train' ? { 'elbo/loss': loss, 'elbo/kl': 12_345.678 } : { elbo: -loss },
});
const text = (...lines: LogLine[]) => lines.map((one) => `${JSON.stringify(one)}\n`).join('');

describe('a log that is followed', () => {
  it('is what the file holds, however it grows and is cut back', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.jsonl');
      const random = new Random(3);
      const log = new LogFollower(path);
      expect(await log.read()).to.deep.equal({ lines: [] });
      let known: LogLine[] = [];
      let lines: LogLine[] = [];
      let cuts = 0;
      for (let round = 0; round < 150; round++) {
        // Of the changes between two readings there may be several: a cut, lines in place of those, half a line.
        for (let change = random.integer(3); change >= 0; change--) {
          if (random.uniform() < 0.3) lines = lines.slice(0, random.integer(lines.length + 1));
          else {
            const first = lines.at(-1)?.step ?? 0;
            const more = Array.from({ length: random.integer(5) }, (_, i) => line(first + i + 1, random.uniform()));
            lines = [...lines, ...more];
          }
        }
        await writeFile(path, text(...lines) + (random.uniform() < 0.3 ? '{"kind":"tr' : ''));
        const { lines: found, cutTo } = await log.read();
        if (cutTo !== undefined) {
          known = known.filter(({ step }) => step <= cutTo);
          cuts++;
        }
        known = [...known, ...found];
        expect(known).to.deep.equal(await readLog(path));
      }
      expect(cuts).to.be.greaterThan(10);
    }));
});

describe('onnx-forge tail', () => {
  it('prints the last lines as text whose columns are aligned', () =>
    inFolder(async (folder) => {
      const lines = Array.from({ length: 20 }, (_, i) => line(50 * (i + 1)));
      await writeFile(join(folder, 'metrics.jsonl'), text(...lines, line(1000, 3, 'validation')));
      const { code, stdout, stderr } = await onnxForge('tail . --lines 3', folder);
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(stdout.split('\n')).to.deep.equal([
        'iteration    epoch  of          metrics',
        '      950    95.00  train       elbo/loss  0.001053  elbo/kl     12346',
        '     1000   100.00  train       elbo/loss  0.001000  elbo/kl     12346',
        '     1000   100.00  validation  elbo        -3',
        '',
      ]);
      const json = JSON.parse((await onnxForge('tail . --json', folder)).stdout) as { state: string; lines: LogLine[] };
      expect(json.state).to.equal('interrupted');
      expect(json.lines).to.deep.equal([...lines.slice(-9), line(1000, 3, 'validation')]);
      expect((await onnxForge('tail . --follow --json', folder)).code).to.equal(2);
      const none = await onnxForge('tail none', folder);
      expect([none.code, complaints(none)[0]]).to.deep.equal([
        2,
        'onnx-forge: none is no run: there is no none/metrics.jsonl',
      ]);
    }));

  it('follows a training through a cut of the log, and ends when it has ended', () =>
    inFolder(async (folder) => {
      const run = join(folder, 'run');
      const log = join(run, 'metrics.jsonl');
      await mkdir(join(run, '.training.lock'), { recursive: true });
      const owner = { pid: process.pid, host: hostname(), began: Math.floor(performance.timeOrigin) };
      await writeFile(join(run, '.training.json'), JSON.stringify(owner));
      await writeFile(log, text(line(1), line(2)));
      const { child, ended } = start(['tail', 'run', '--follow'], folder);
      let seen = '';
      for (const stream of [child.stdout!, child.stderr!]) {
        stream.on('data', (part: string) => {
          seen += part;
        });
      }
      const said = async (what: RegExp) => {
        while (!what.test(seen)) await Promise.race([once(child.stdout!, 'data'), once(child.stderr!, 'data'), ended]);
      };
      await said(/^ +2 /m);
      await appendFile(log, text(line(3)));
      await said(/^ +3 /m);
      await truncate(log, text(line(1)).length);
      await said(/cut back to iteration 1; what follows is done again/);
      await appendFile(log, text(line(2, 7)));
      await said(/ 7\.000|loss +7/);
      // The last line and the end between two looks.
      await appendFile(log, text(line(4, 9)));
      await rm(join(run, '.training.lock'), { recursive: true });
      const { code, stdout, stderr } = await ended;
      expect(code).to.equal(0);
      expect(
        stdout
          .trim()
          .split('\n')
          .map((one) => one.trim().split(/ +/)[0]),
      ).to.deep.equal(['iteration', '1', '2', '3', '2', '4']);
      expect(stderr.trim().split('\n').at(-1)).to.equal('run: interrupted');
    }));

  it('of a training that has ended ends at once', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'metrics.jsonl'), text(line(1)));
      const { code, stderr } = await onnxForge('tail . -f', folder);
      expect([code, stderr]).to.deep.equal([0, '.: interrupted\n']);
    }));
});
