import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { complaints, type Ended, eachOf, onnxForge } from './onnx-forge.js';

/** A command line, its exit code, and what its one line must say. */
type Case = readonly [line: string, code: 1 | 2, says: RegExp];

const CASES: readonly Case[] = [
  ['trian vae', 2, /no command 'trian'; did you mean 'train'\?/],
  ['--json', 2, /no command is given/],
  ['models extra', 2, /no model 'extra'; models: /],
  ['models constructor', 2, /no model 'constructor'; models: /],
  ['sample none --device gpu', 2, /not 'gpu'; did you mean 'webgpu'\?/],
  ['data verify foo', 2, /no data set 'foo'; known: /],
  ['data verify mnits', 2, /did you mean 'mnist'\?/],
  ['sample none -o a.jpg', 2, /--out must be a file name that ends in \.png, or - for standard output, not 'a\.jpg'/],
  [
    'chart none --metrics x -o a.pdf',
    2,
    /--out must be a file name that ends in \.png or \.svg, or - for standard output, not 'a\.pdf'/,
  ],
  ['sample none --count 1000000000', 2, /--count must be a whole number from 1 to 10,000/],
  ['interpolate none --steps 1000000000', 2, /--steps must be a whole number from 1 to 1,000/],
  ['chart none -o c.png', 2, /chart needs --metrics; see/],
  ['train vae --threads 1000000', 2, /--threads must be a whole number from 1 to 1,024/],
  ['train', 2, /needs a model/],
  ['train vea', 2, /no model 'vea'; did you mean 'vae'\?/],
  ['train vae --epoch 3', 2, /no option '--epoch'; did you mean '--epochs'\?/],
  ['train vae -out x', 2, /'-out' needs two dashes/],
  ['train vae --epochs', 2, /--epochs needs a value/],
  ['train vae --epochs 0', 2, /--epochs must be a whole number of at least 1, not '0'/],
  ['train vae --epochs NaN', 2, /--epochs .* not 'NaN'/],
  ['train vae --epochs=-2', 2, /--epochs .* not '-2'/],
  ['train vae --epochs 1.5', 2, /--epochs .* not '1.5'/],
  ['train vae --batch-size 0', 2, /--batch-size must be/],
  ['train vae --samples -1', 2, /--samples must be/],
  ['train vae --seed x', 2, /--seed must be a whole number/],
  ['train vae --seed 1 --seed 2', 2, /--seed is given 2 times/],
  ['train vae --engine eagr', 2, /--engine .* did you mean 'eager'\?/],
  ['train vae --device tpu', 2, /--device must be one of auto, cpu, cuda, webgpu, not 'tpu'/],
  ['train vae --engine compiled --backend wasm', 2, /--backend wasm is for the eager engine/],
  ['train vae --engine eager --save-step', 2, /--save-step is for the compiled engine/],
  [
    'train vae --log csv,tensorbord',
    2,
    /--log must be names of jsonl, csv, tensorboard, .* did you mean 'tensorboard'\?/,
  ],
  ['train vae --patience 5', 2, /patience is about a metric: name it by monitor, such as validation\.elbo/],
  ['train vae --monitor elbo', 2, /such as validation\.elbo, not 'elbo'/],
  ['train vae --monitor validation.kl', 2, /which values of 'validation\.kl' are better is not known/],
  ['train vae --monitor validation.elbo --patience 2 --min-delta -1', 2, /--min-delta must be a number of at least 0/],
  ['train vae --set latentdim=3', 2, /no option 'latentdim'; did you mean 'latentDim'\?/],
  ['train vae --set latentDim=many', 2, /'latentDim' must be a whole number/],
  [
    'train vae --set objective=iwae',
    2,
    /'vae': objective=iwae with importanceSamples=1 is the ELBO: set importanceSamples=5/,
  ],
  ['train vae --set latentDim=1 latentDim', 2, /no model 'latentDim'/],
  ['train vae --set latentDim', 2, /--set takes key=value/],
  ['train vae --epochs 1 --set epochs=2', 2, /'epochs' is given twice/],
  ['train vae --preset huge', 2, /no preset 'huge'/],
  ['train vae --data mnst', 2, /no data set 'mnst'; did you mean 'mnist'\?/],
  ['train vae --data mnist --data-dir none', 1, /none\/mnist\/.* is missing; fetch it with/],
  ['train vae --data mnist --data-dir damaged', 1, /damaged\/mnist\/.*ubyte is truncated: .*sha256 .* expected/],
  ['train vae --out file/run', 1, /can't write to the folder .*file is no folder/],
  ['train vae vae', 2, /two runs would write to .*runs\/vae/],
  ['train vae --resume --force', 2, /give one of them/],
  ['train vae --extend', 2, /--extend is for a run that goes on: give --resume too/],
  ['train vae --from-except decoder/*', 2, /give --from too/],
  ['train vae --from none', 1, /there is no run folder none to take weights from/],
  ['train vae --from empty', 1, /empty has no checkpoint/],
  ['train ./none.js', 2, /no recipe file .*none\.js/],
  ['train ./file.mjs', 2, /file\.mjs can't be loaded/],
  ['train ./other.mjs', 2, /other\.mjs has no recipe as its default export/],
  ['train --config none.json', 2, /config file none\.json can't be read/],
  ['train --config file', 2, /config file file: it must hold an object of settings, not "not JSON"/],
  [
    'train --config typo.json',
    2,
    /config file typo\.json, line 1: runs\[1\] has no setting 'epoch'; did you mean 'epochs'\?/,
  ],
  ['train --config zero.json', 2, /runs\[0\]\.epochs must be a whole number of at least 1, not 0/],
  ['train --config bom.json', 2, /runs must be a list of at least one run, not \[\]/],
  ['train --config list.json', 2, /list\.json: it must hold an object of settings, not \[\]/],
  ['train --config bare.json', 2, /bare\.json: it must have 'model' .* or 'runs'/],
  ['train --config twice.json', 2, /twice\.json, line 2: 'epochs' stands twice: leave one of them/],
  ['train --config twice.yaml', 2, /twice\.yaml, line 3: 'latentDim' stands twice/],
  [
    'train --config option.yaml',
    2,
    /option\.yaml, line 4: recipe 'vae' has no option 'latentdim'; did you mean 'latentDim'/,
  ],
  ['train --config value.yaml', 2, /value\.yaml, line 4: recipe 'vae': option 'latentDim' must be a whole number/],
  [
    'train --config nested.yaml',
    2,
    /nested\.yaml, line 3: set\.latentDim must be a number, true or false, or a text, not \[1\]/,
  ],
  ['train --config tab.yaml', 2, /tab\.yaml, line 2: it is neither YAML nor JSON: Tabs are not allowed/],
  ['train --config word.yaml', 2, /word\.yaml, line 2: epochs must be a whole number of at least 1, not "many"/],
  ['train --config unset.yaml', 2, /unset\.yaml, line 2: epochs must be a whole number of at least 1, not null/],
  ['train --config typo.yaml', 2, /typo\.yaml, line 2: the file has no setting 'epoch'; did you mean 'epochs'/],
  ['train dcgan --config preset.yaml', 2, /preset\.yaml has the settings of 'vae', not of 'dcgan'/],
  ['train --config preset.yaml --preset small', 2, /--preset small would change nothing: preset\.yaml sets options/],
  ['train --config ref.yaml', 2, /ref\.yaml, line 1: it is neither YAML nor JSON: Unresolved tag/],
  ['config', 2, /something is missing: onnx-forge config <model>/],
  ['config vea', 2, /no model 'vea'; did you mean 'vae'\?/],
  ['config vae --preset huge', 2, /no preset 'huge'/],
  ['eval', 2, /something is missing: onnx-forge eval <run\.\.>/],
  ['eval none', 1, /no folder none/],
  ['eval none --split tset', 2, /--split .* did you mean 'test'\?/],
  ['sample empty', 1, /the folder empty is empty/],
  ['sample none -o - --json', 1, /no folder none/],
  ['help nonsense', 2, /no command 'nonsense'/],
  ['sample none --count 0', 2, /--count must be/],
  ['interpolate none --steps 1', 2, /at least 2/],
  ['perturb none --dims 1,x', 2, /--dims must be whole numbers/],
  ['perturb none --epsilon 0', 2, /--epsilon must be a number above 0/],
  ['export none', 1, /no run folder or file none/],
  ['export file', 1, /file is neither a run folder, nor the model\.json/],
  ['verify https://example.invalid/run', 1, /is a URL/],
  ['chart none -o c.png --metrics elbo', 2, /none is no run: there is no none\/metrics\.jsonl/],
  ['chart logged --metrics elbo', 2, /chart needs --out; see/],
  ['chart logged -o c.png --metrics constructor', 2, /run 'logged' has no metric 'constructor'; it has knn/],
  ['chart logged -o c.png --metrics __proto__', 2, /run 'logged' has no metric '__proto__'/],
  ['chart logged -o c.png --metrics knm', 2, /run 'logged' has no metric 'knm'; did you mean 'knn'\?/],
  ['chart a=logged a=logged -o c.png --metrics knn', 2, /two runs are called 'a': say NAME=RUN/],
  ['data lst', 2, /did you mean 'list'\?/],
  ['data fetch', 2, /needs the name of a data set/],
  ['data verify mnst', 2, /did you mean 'mnist'\?/],
  ['doctor --jsn', 2, /did you mean '--json'\?/],
];

/** Files of settings with one mistake each. */
const CONFIGS = {
  'twice.json': '{ "runs": [{ "model": "vae", "epochs": 3,\n "epochs": 4 }] }',
  'twice.yaml': 'model: vae\nset: { latentDim: 3,\n  latentDim: 4 }\n',
  'option.yaml': 'model: vae\nset:\n  # how many\n  latentdim: 3\n',
  'value.yaml': 'runs:\n  - model: vae\n    set:\n      latentDim: few\n',
  'nested.yaml': 'model: vae\nset:\n  latentDim: [1]\n',
  'tab.yaml': 'model: vae\n\tepochs: 1\n',
  'word.yaml': 'model: vae\nepochs: many\n',
  'unset.yaml': 'model: vae\nepochs:\n',
  'typo.yaml': '\uFEFFmodel: vae\nepoch: 1\n',
  'preset.yaml': 'model: vae\nset:\n  latentDim: 3\n',
  'ref.yaml': 'model: !!js/function "vae"\n',
};

describe('onnx-forge: bad input', () => {
  let folder: string;
  let results: Ended[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-usage-'));
    await mkdir(join(folder, 'damaged/mnist'), { recursive: true });
    for (const name of ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1']) {
      await writeFile(join(folder, 'damaged/mnist', `${name}-ubyte`), 'a few bytes');
    }
    const run = (settings: object) => ({ model: 'vae', ...settings });
    await Promise.all([
      writeFile(join(folder, 'file'), 'not JSON'),
      writeFile(join(folder, 'file.mjs'), 'export default {'),
      writeFile(join(folder, 'other.mjs'), 'export default { name: "other" }'),
      writeFile(join(folder, 'typo.json'), JSON.stringify({ runs: [run({}), run({ epoch: 3 })] })),
      writeFile(join(folder, 'bom.json'), '\uFEFF{"runs":[]}'),
      writeFile(join(folder, 'list.json'), '[]'),
      writeFile(join(folder, 'bare.json'), '{}'),
      writeFile(join(folder, 'zero.json'), JSON.stringify({ runs: [run({ epochs: 0 })] })),
      ...Object.entries(CONFIGS).map(([name, text]) => writeFile(join(folder, name), text)),
      mkdir(join(folder, 'empty')),
      mkdir(join(folder, 'logged')),
    ]);
    const line = { kind: 'validation', step: 1, epoch: 1, metrics: { knn: 0.5 } };
    await writeFile(join(folder, 'logged/metrics.jsonl'), `${JSON.stringify(line)}\n`);
    results = await eachOf(
      CASES.map(([words]) => words),
      folder,
    );
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const [index, [line, code, says]] of CASES.entries()) {
    it(`${line}: exit code ${code}`, () => {
      const ended = results[index]!;
      expect(ended.code, ended.stderr).to.equal(code);
      const lines = complaints(ended);
      expect(lines, ended.stderr).to.have.length(1);
      expect(lines[0]).to.match(says);
      expect(ended.stderr).not.to.match(/^\s+at /m);
      // With --json the error is the one object; without it stdout stays empty.
      if (!line.includes('--json')) expect(ended.stdout).to.equal('');
    });
  }

  it('has the exit code and the words of a process of its own', async () => {
    for (const index of [0, CASES.findIndex(([, code]) => code === 1)]) {
      const { code, stdout, stderr } = await onnxForge(CASES[index]![0], folder);
      expect({ code, stdout, stderr }).to.deep.equal(results[index]);
    }
  });

  it('leaves no file behind', async () => {
    const names = await readdir(folder);
    const files = ['bare.json', 'bom.json', 'file', 'file.mjs', 'list.json', 'other.mjs', 'typo.json', 'zero.json'];
    const made = ['damaged', 'empty', 'logged', ...files, ...Object.keys(CONFIGS)].sort();
    expect(names.sort()).to.deep.equal(made);
  });

  it('gives the error as the one JSON object with --json, and its code and a stack on stderr with --verbose', async () => {
    const ended = await onnxForge('train vea --json --verbose', folder);
    const { error } = JSON.parse(ended.stdout) as { error: { code: string; message: string; data: object } };
    expect(error).to.include({ code: 'usage' });
    expect(error.message).to.match(/did you mean 'vae'/);
    expect(error.data).to.deep.include({ model: 'vea' });
    expect(ended.stderr)
      .to.match(/^\s+at /m)
      .and.match(/^code: usage$/m);
  });
});
