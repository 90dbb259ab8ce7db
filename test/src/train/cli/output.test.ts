import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PNG } from 'pngjs';
import { programName } from '../../../../packages/train/dist/cli/output/program-name.js';
import { progressOn } from '../../../../packages/train/dist/cli/output/progress.js';
import { table } from '../../../../packages/train/dist/cli/output/table.js';
import { BIN, eachOf, inFolder, onnxForge } from './onnx-forge.js';

const RUN = fileURLToPath(new URL('../../../../models/pretrained/vae-2d', import.meta.url));

/** A command line with a text on its standard input; standard output as bytes. */
async function fed(
  args: readonly string[],
  input: string,
  cwd: string,
): Promise<{ code: number; out: Buffer; err: string }> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd });
  const parts: Buffer[] = [];
  let err = '';
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.on('data', (part: Buffer) => {
    err += part;
  });
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, out: Buffer.concat(parts), err };
}

/** A stream that takes itself for a terminal, and what was written to it. */
function terminal(): { stream: NodeJS.WriteStream; written: () => string } {
  let text = '';
  const stream = new Writable({
    write(part, _, done) {
      text += part;
      done();
    },
  });
  const tty = { isTTY: true, columns: 80, cursorTo: () => true, clearLine: () => true, moveCursor: () => true };
  return { stream: Object.assign(stream, tty) as unknown as NodeJS.WriteStream, written: () => text };
}

describe('onnx-forge: standard input and output', () => {
  it('-o - writes the picture to standard output, and nothing else', () =>
    inFolder(async (folder) => {
      const lines = [
        ['sample', RUN, '--count', '4', '-o', '-'],
        ['bars', RUN, '--metrics', 'elbo', '-o', '-'],
      ];
      for (const line of lines) {
        const { code, out, err } = await fed(line, '', folder);
        expect(code, err).to.equal(0);
        expect(PNG.sync.read(out).width).to.be.greaterThan(20);
      }
      expect(await readdir(folder)).to.deep.equal([]);
      const both = await onnxForge(['bars', RUN, '--metrics', 'elbo', '-o', '-', '--json'], folder);
      expect([both.code, JSON.parse(both.stdout).error.code]).to.deep.equal([2, 'usage']);
    }));

  it('--config - and --file - read standard input', () =>
    inFolder(async (folder) => {
      const { code, err } = await fed(['train', '--config', '-'], 'model: vae\nepochs: many\n', folder);
      expect([code, err]).to.deep.equal([
        2,
        'onnx-forge: config file -, line 2: epochs must be a whole number of at least 1, not "many"\n',
      ]);
      const none = await fed(['classify', RUN, '--file', '-'], 'a text\n', folder);
      expect(none.err).to.match(/is of kind latent: it classifies no texts/);
    }));

  it('a folder that is made for a picture is named', () =>
    inFolder(async (folder) => {
      const [made, there] = await eachOf(
        [`sample ${RUN} --count 1 -o new/deep/a.png`, `sample ${RUN} --count 1 -o new/deep/a.png`],
        folder,
      );
      expect(made!.stderr).to.match(/^made the folder .*\/new$/m);
      expect(there!.stderr).to.not.include('made the folder');
    }));

  it('doctor --json prints one object and no more', () =>
    inFolder(async (folder) => {
      const { stdout } = await onnxForge('doctor --json', folder);
      expect(stdout.trim().split('\n')).to.have.length(1);
      expect(JSON.parse(stdout)).to.have.keys('machine', 'devices', 'backends');
    }));
});

describe('onnx-forge: what stderr shows', () => {
  it('--quiet: no progress, but failures of a batch and notices', () =>
    inFolder(async (folder) => {
      const tiny = { maxSteps: 1, evaluate: false, figures: false, device: 'cpu', set: { latentDim: 2, hiddenDim: 4 } };
      const runs = [
        { model: 'vae', out: 'one' },
        { model: 'vae', out: 'two', data: 'mnist', dataDir: 'none' },
      ];
      await writeFile(join(folder, 'batch.json'), JSON.stringify({ defaults: tiny, runs }));
      const { code, stdout, stderr } = await onnxForge('train --config batch.json --quiet', folder);
      expect(code).to.equal(1);
      expect(stdout).to.match(/^one +finished/m);
      const own = stderr.split('\n').filter((line) => /vae|one|two/.test(line));
      expect(own).to.have.length(1);
      expect(own[0]).to.match(/^onnx-forge: two: data set mnist/);
    }));

  it('no colour, on a terminal neither: NO_COLOR has nothing to switch off', () => {
    const { stream, written } = terminal();
    const progress = progressOn(stream);
    for (const fraction of [0, 0.5, 1])
      progress.update({ task: 'training', fraction, detail: 'loss 1', etaSeconds: 3 });
    progress.line('a line');
    progress.notice('a notice');
    progress.end();
    expect(written())
      .to.include('a line\n')
      .and.include('a notice\n')
      .and.match(/training .*%/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequence that sets a colour
    expect(written()).to.not.match(/\x1b\[[\d;]*m/);
  });

  it('a table fits a terminal: texts are cut, numbers are not', () => {
    const rows = [
      ['a-run-with-a-long-name', '12345.6789', 'synthetic-digits'],
      ['short', '1', 'mnist'],
    ];
    const wide = table(['run', 'value', 'data'], rows);
    expect(table(['run', 'value', 'data'], rows, { width: 60 })).to.equal(wide);
    const narrow = table(['run', 'value', 'data'], rows, { width: 36 });
    expect(narrow.split('\n').every((line) => line.length <= 36)).to.equal(true);
    expect(narrow).to.match(/^a-run-with…? +12345\.6789 +synthetic…$|^a-run-\S*… +12345\.6789 +synth\S*…$/m);
    expect(narrow).to.match(/^short +1 +mnist$/m);
  });

  it('help help is the help of all commands', async () => {
    const [twice, once] = await eachOf(['help help', '--help'], '.');
    expect(twice).to.deep.equal(once);
  });

  it('the program is called as the shell of its user finds it', () =>
    inFolder(async (folder) => {
      const [own, npm] = [join(folder, 'bin'), join(folder, 'node_modules/.bin')];
      for (const bin of [own, npm]) {
        await mkdir(bin, { recursive: true });
        await writeFile(join(bin, 'onnx-forge'), '');
        await chmod(join(bin, 'onnx-forge'), 0o755);
      }
      // npm puts the second one on the PATH of what it runs only.
      expect(programName({ PATH: [folder, npm].join(delimiter) })).to.equal('npx onnx-forge');
      expect(programName({ PATH: [npm, own].join(delimiter) })).to.equal('onnx-forge');
      expect(programName({})).to.equal('npx onnx-forge');
    }));
});
