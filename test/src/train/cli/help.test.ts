import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { BIN, onnxForge } from './onnx-forge.js';

/** The commands under their headings, in the order of the help. */
const GROUPS = {
  Train: ['demo', 'models', 'train', 'finetune', 'sweep', 'config'],
  Evaluate: ['eval', 'verify', 'table'],
  Look: ['runs', 'tail', 'figures', 'chart', 'bars', 'explore'],
  Use: ['serve', 'sample', 'interpolate', 'perturb', 'generate', 'translate', 'classify', 'compare', 'embed'],
  Export: ['export'],
  Environment: ['data', 'doctor'],
};

const COMMANDS = Object.values(GROUPS).flat();

/** Files that node loads for a command line, as URLs. */
async function filesLoadedBy(...args: string[]): Promise<string[]> {
  const hooks =
    'import { writeSync } from "node:fs";' +
    'export const load = (url, context, next) => { writeSync(2, "loads " + url + "\\n"); return next(url, context); };';
  const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(asUrl(hooks))});`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', asUrl(register), BIN, ...args]);
  return [...stderr.matchAll(/^loads (.*)$/gm)].map(([, url]) => url!);
}

describe('onnx-forge: help and listings', () => {
  it('lists every command and the exit codes', async () => {
    const { code, stdout, stderr } = await onnxForge('--help', tmpdir());
    expect([code, stderr]).to.deep.equal([0, '']);
    for (const command of COMMANDS) expect(stdout).to.match(new RegExp(`^  onnx-forge ${command}\\b`, 'm'));
    expect(stdout).to.match(/0 done, 1 failed.*2 wrong usage, 130/);
  });

  it('has the commands in groups', async () => {
    const { stdout } = await onnxForge('--help', tmpdir());
    const blocks = stdout.split('\n\n').filter((block) => /^ {2}onnx-forge /m.test(block));
    const found = blocks.map((block) => {
      const [heading, ...lines] = block.split('\n');
      return [heading!.slice(0, -1), lines.flatMap((line) => /^ {2}onnx-forge (\w+)/.exec(line)?.[1] ?? [])];
    });
    expect(Object.fromEntries(found)).to.deep.equal({
      ...GROUPS,
      Environment: [...GROUPS.Environment, 'completion'],
    });
  });

  it('loads no command, and no library but the parser of command lines', async () => {
    const files = await filesLoadedBy('--help');
    expect(files.some((file) => file.endsWith('/cli/main.js'))).to.equal(true);
    expect(files.filter((file) => /\/cli\/commands\/(?!index\.js$)/.test(file))).to.deep.equal([]);
    expect(files.filter((file) => /\/zod\/|tfjs|onnxruntime|\/infer\/dist\/(?!errors\.js$)/.test(file))).to.deep.equal(
      [],
    );
  });

  it('of one command loads the file of that command alone', async () => {
    const files = await filesLoadedBy('eval', '--help');
    const commands = files.flatMap((file) => /\/cli\/commands\/(?!index\.js$)(.*)\.js$/.exec(file)?.[1] ?? []);
    expect(commands).to.deep.equal(['eval']);
  });

  it('is what a bare command line and `help` show, too', async () => {
    const [flag, bare, word] = [
      await onnxForge('--help', tmpdir()),
      await onnxForge([], tmpdir()),
      await onnxForge('help', tmpdir()),
    ];
    expect(bare).to.deep.equal(flag);
    expect(word).to.deep.equal(flag);
    expect(await onnxForge('help train', tmpdir())).to.deep.equal(await onnxForge('train --help', tmpdir()));
  });

  it('prints a script for the shell, and answers its questions', async () => {
    const { code, stdout } = await onnxForge('completion', tmpdir());
    expect(code).to.equal(0);
    expect(stdout).to.match(/compdef|complete /);
    const options = await onnxForge('--get-yargs-completions onnx-forge train --', tmpdir());
    expect(options.stdout.split('\n')).to.include.members(['--epochs', '--resume']);
  });

  it('shows one model with what each option accepts', async () => {
    const { code, stdout } = await onnxForge('models vae', tmpdir());
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/^latentDim +100 +a whole number of at least 1$/m)
      .and.not.include('wgan-lp:');
  });

  for (const command of COMMANDS) {
    it(`explains ${command} with an example, and nothing is done`, async () => {
      const { code, stdout, stderr } = await onnxForge(`${command} --help`, tmpdir());
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.match(/Examples:\n {2}onnx-forge /);
    });
  }

  it('lists models with options, data and source', async () => {
    const { code, stdout } = await onnxForge('models --json', tmpdir());
    const { models } = JSON.parse(stdout) as { models: Record<string, unknown>[] };
    expect(code).to.equal(0);
    const vae = models.find(({ name }) => name === 'vae');
    expect(vae).to.have.keys('name', 'task', 'source', 'data', 'options', 'presets', 'figures');
    expect(vae).to.have.nested.property('options.latentDim.default', 100);
  });

  it('lists data sets; a generated one needs nothing', async () => {
    const { code, stdout } = await onnxForge('data list --json --data-dir none', tmpdir());
    const { dataSets } = JSON.parse(stdout) as { dataSets: { name: string; present: boolean }[] };
    expect(code).to.equal(0);
    expect(dataSets.find(({ name }) => name === 'synthetic-digits')).to.include({ present: true });
    expect(dataSets.find(({ name }) => name === 'mnist')).to.include({ present: false });
    const fetched = await onnxForge('data fetch synthetic-digits', tmpdir());
    expect([fetched.code, fetched.stdout]).to.deep.equal([0, 'synthetic-digits: built in, nothing to fetch\n']);
  });

  it('says which files of a data set are missing, with exit code 1', async () => {
    const { code, stdout } = await onnxForge('data verify mnist --data-dir none', tmpdir());
    expect(code).to.equal(1);
    expect(stdout.trim().split('\n'))
      .to.have.length(4)
      .and.satisfy((lines: string[]) => lines.every((line) => /none\/mnist\/.*ubyte\.gz missing/.test(line)));
  });

  it('tells which devices and backends work, and why others do not', async () => {
    const { code, stdout } = await onnxForge('doctor --json', tmpdir());
    expect(code).to.equal(0);
    const report = JSON.parse(stdout) as Record<
      'devices' | 'backends',
      { name: string; usable: boolean; note: string }[]
    >;
    for (const list of [report.devices, report.backends]) {
      expect(list.find(({ name }) => name === 'cpu')).to.include({ usable: true });
      for (const { usable, note } of list) expect(usable || note.length > 10).to.equal(true);
    }
  });
});
