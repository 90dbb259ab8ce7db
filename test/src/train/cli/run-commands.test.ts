import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, loadTrainable } from '@onnx-forge/infer';
import { expect } from 'chai';
import { PNG } from 'pngjs';
import { complaints, type Ended, eachOf, onnxForge } from './onnx-forge.js';

describe('onnx-forge: commands on a trained run', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-run-'));
    const args =
      'train vae --device cpu --max-steps 3 --set latentDim=4 hiddenDim=8 --save-step --no-evaluate --no-figures --out run';
    const ended = await onnxForge(args, folder);
    expect(ended.code, ended.stderr).to.equal(0);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const size = async (file: string) => {
    const { width, height } = PNG.sync.read(await readFile(join(folder, file)));
    return [width, height];
  };

  it('eval measures on the split and with the samples asked for, and goes on after a failure', async () => {
    const { code, stdout, stderr } = await onnxForge('eval run none --samples 3 --split validation --json', folder);
    expect(code).to.equal(1);
    expect(stderr).to.include('onnx-forge: none: there is no folder none');
    const [run, none] = (JSON.parse(stdout) as { runs: Record<string, unknown>[] }).runs;
    const measurements = run!.measurements as { name: string; split: string; samples?: number; value: number }[];
    expect(measurements.every(({ split, value }) => split === 'validation' && Number.isFinite(value))).to.equal(true);
    expect(measurements.find(({ name }) => name === 'logLikelihood')).to.include({ samples: 3 });
    expect(none).to.have.nested.property('error.code', 'run-missing');
  });

  it('eval estimates log p(x) for as many examples as asked for', async () => {
    const { stdout } = await onnxForge('eval run --samples 2 --examples 7 --split test --json', folder);
    const [run] = (JSON.parse(stdout) as { runs: { measurements: { name: string; examples: number }[] }[] }).runs;
    const examples = (name: string) => run!.measurements.find((one) => one.name === name)!.examples;
    expect(examples('logLikelihood')).to.equal(7);
    expect(examples('elbo')).to.be.greaterThan(7);
  });

  it('eval certify bounds log p(x) from both sides and compresses, with settings beside each number', async () => {
    const sizes = '--samples 30 --examples 20 --annealed 4 --steps 6 --chains 3 --compressed 5';
    const { code, stdout, stderr } = await onnxForge(`eval certify run ${sizes} --seed 2 --device cpu --json`, folder);
    expect(code, stderr).to.equal(0);
    const [run] = (JSON.parse(stdout) as { runs: Record<string, unknown>[] }).runs;
    expect(run).to.include({ dataSet: 'synthetic-digits+threshold', binarisation: 'threshold', split: 'test' });
    expect(run).to.include({ seed: 2, device: 'cpu' });
    type Certified = {
      name: string;
      value: number;
      examples: number;
      samples?: number;
      simulated?: true;
      method?: string;
    };
    const byName = new Map((run!.measurements as Certified[]).map((one) => [one.name, one]));
    expect(byName.get('logLikelihood')).to.include({ examples: 20, samples: 30 });
    expect(byName.get('unreliableWeights')!.method).to.equal('k-hat above 0.32');
    expect(byName.get('simulatedGap')).to.include({ examples: 4, samples: 3, simulated: true });
    expect(byName.get('simulatedGap')!.method).to.match(/^6 steps from q\(z\|x\), 5 leapfrog, \d+ % accepted$/);
    expect(byName.get('annealedGain')!.method).to.match(/^6 steps from .* accepted, against K = 30$/);
    expect(byName.get('codedElbo')).to.not.have.property('method');
    expect(byName.get('codeExcess')!.method).to.equal('codeLength over -codedElbo');
    const between = byName.get('simulatedUpper')!.value - byName.get('simulatedLower')!.value;
    expect(byName.get('simulatedGap')!.value).to.be.closeTo(between, 1e-6);
    expect(byName.get('decodedExactly')).to.include({ value: 1, examples: 5 });
    const manifest = JSON.parse(await readFile(join(folder, 'run/manifest.json'), 'utf8')) as { metrics: Certified[] };
    const recorded = manifest.metrics.find(({ name }) => name === 'annealedLogLikelihood');
    expect(recorded).to.include({ dataSet: 'synthetic-digits+threshold', seed: 2, device: 'cpu', draws: 3 });
  });

  it('eval certify says what it can not certify, before it works', async () => {
    const manifest = join(folder, 'old', 'manifest.json');
    await cp(join(folder, 'run'), join(folder, 'old'), { recursive: true });
    const { graphs, ...rest } = JSON.parse(await readFile(manifest, 'utf8')) as { graphs: Record<string, object> };
    const { logConditionalGradient: _, ...others } = graphs;
    await writeFile(manifest, JSON.stringify({ ...rest, graphs: others }));
    const old = await onnxForge('eval certify old', folder);
    expect([old.code, old.stdout]).to.deep.equal([1, '']);
    expect(complaints(old)[0]).to.match(/without the graph 'logConditionalGradient'.*train vae --resume --out old/);
    const nothing = await onnxForge('eval certify', folder);
    expect(nothing.code).to.equal(2);
    expect(complaints(nothing)[0]).to.include('certify which run?');
    const plain = await onnxForge('eval run --steps 5', folder);
    expect(plain.code).to.equal(2);
    expect(complaints(plain)[0]).to.include('--steps goes with certify');
  });

  it('figures draws one figure, and suggests the nearest name', async () => {
    const { code, stdout } = await onnxForge('figures run --only samples', folder);
    expect([code, stdout]).to.deep.equal([0, 'run/figures/samples.png\n']);
    expect(await readdir(join(folder, 'run/figures'))).to.deep.equal(['samples.png']);
    const wrong = await onnxForge('figures run --only smples', folder);
    expect(wrong.code).to.equal(2);
    expect(complaints(wrong)[0]).to.match(/no figure 'smples'; did you mean 'samples'\?/);
  });

  it('explore --build writes the page with the run, and never over something else', async () => {
    const built = JSON.parse((await onnxForge('explore run --build site --json', folder)).stdout) as object;
    expect(built).to.deep.equal({ out: 'site', runs: ['run'] });
    const offered = JSON.parse(await readFile(join(folder, 'site/runs.json'), 'utf8')) as { runs: object[] };
    expect(offered).to.deep.include({ title: 'run', live: false });
    const places = { location: 'runs/0/', log: 'logs/0.json', examples: 'examples/0.safetensors' };
    expect(offered.runs[0]).to.deep.include({ name: 'run', kind: 'latent', state: 'finished', ...places });
    expect(JSON.stringify(offered)).to.not.include(folder);
    await using model = await load(join(folder, 'site/runs/0'), { device: 'cpu' });
    expect(model.kind).to.equal('latent');
    expect(await readdir(join(folder, 'site'))).to.include.members(['index.html', 'assets', 'examples']);
    const again = await onnxForge('explore run --build site', folder);
    expect([again.code, complaints(again)]).to.deep.equal([
      1,
      ['onnx-forge: site is not empty: name a new folder, or empty it first'],
    ]);
    await writeFile(join(folder, 'file'), 'mine');
    for (const out of ['file', 'file/site']) {
      const refused = await onnxForge(`explore run --build ${out}`, folder);
      expect([refused.code, complaints(refused)]).to.deep.equal([
        1,
        [`onnx-forge: ${out} or what it lies in is no folder: name another one`],
      ]);
    }
    expect(await readFile(join(folder, 'file'), 'utf8')).to.equal('mine');
  });

  it('explore says when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const ended = await onnxForge(`explore run --port ${port}`, folder);
    other.close();
    expect([ended.code, complaints(ended)]).to.deep.equal([
      1,
      [`onnx-forge: port ${port} is in use: choose another with --port, or leave it out`],
    ]);
  });

  it('sample, interpolate and perturb write one PNG each, in folders that are made', async () => {
    expect((await onnxForge('sample run -o new/s.png --count 6 --columns 3', folder)).stdout).to.equal('new/s.png\n');
    // Images of 28 pixels at scale 2, 2 pixels between and around.
    expect(await size('new/s.png')).to.deep.equal([3 * 58 + 2, 2 * 58 + 2]);
    const way = JSON.parse((await onnxForge('interpolate run --steps 5 --pairs 2 --json', folder)).stdout) as object;
    expect(way).to.include({ file: 'run/figures/interpolate.png', steps: 5 });
    const { stdout } = await onnxForge('perturb run --dims 2,0 --json -o p.png', folder);
    const { dimensions } = JSON.parse(stdout) as { dimensions: { dim: number; change: number }[] };
    expect(dimensions.map(({ dim }) => dim)).to.deep.equal([2, 0]);
    expect(dimensions.every(({ change }) => change > 0)).to.equal(true);
  });

  it('sample gives the same file for the same seed, another for another', async () => {
    const draw = async (seed: number, name: string) => {
      await onnxForge(`sample run -o ${name} --count 4 --device cpu --seed ${seed}`, folder);
      return readFile(join(folder, name));
    };
    const [one, again, other] = [await draw(1, '1.png'), await draw(1, '2.png'), await draw(2, '3.png')];
    expect(one.equals(again)).to.equal(true);
    expect(one.equals(other)).to.equal(false);
  });

  it('verify compares every output on every device', async () => {
    const { code, stdout } = await onnxForge('verify run --device all --json', folder);
    expect(code).to.equal(0);
    const report = JSON.parse(stdout) as { ok: boolean; graphs: { graph: string; device: string; outputs: object }[] };
    const onCpu = report.graphs.filter(({ device }) => device === 'cpu');
    expect(onCpu.map(({ graph }) => graph)).to.have.members([
      'encode',
      'decode',
      'elbo',
      'logWeights',
      'logConditional',
      'logConditionalGradient',
    ]);
    const strict = await onnxForge('verify run --tolerance 1e-12', folder);
    expect([strict.code, strict.stdout.includes('NOT all outputs agree')]).to.deep.equal([1, true]);
    expect(complaints(strict)[0]).to.match(/NOT all outputs agree .* \(tolerance 1e-12\)/);
  });

  it('export writes a folder that loads and behaves like the run, and not over another run', async () => {
    expect((await onnxForge('export run -o public', folder)).code).to.equal(0);
    expect((await readdir(join(folder, 'public'))).sort()).to.deep.equal(['graphs', 'manifest.json']);
    const z = Float32Array.of(0.1, -1, 2, 0);
    const decoded = async (path: string) => {
      await using model = await load(join(folder, path), { device: 'cpu' });
      return model.kind === 'latent' ? Array.from((await model.decode(z)).data) : [];
    };
    expect(await decoded('public'))
      .to.deep.equal(await decoded('run'))
      .and.have.length(784);
    await using session = await loadTrainable(join(folder, 'public'), { device: 'cpu' });
    expect(await session.step({ x: new Float32Array(64 * 784) }))
      .to.have.property('loss')
      .that.is.above(0);
    const again = await onnxForge('export run -o public', folder);
    expect([again.code, complaints(again)[0]?.includes('holds a run already')]).to.deep.equal([1, true]);
    const verified = await onnxForge('verify public', folder);
    expect(complaints(verified)[0]).to.match(/public: there is no checkpoint/);
  });

  type Editable = { graphs: Record<string, object>; format: number };
  const edit = (change: (manifest: Editable) => void) => async (run: string) => {
    const manifest = JSON.parse(await readFile(join(run, 'manifest.json'), 'utf8')) as Editable;
    change(manifest);
    await writeFile(join(run, 'manifest.json'), JSON.stringify(manifest));
  };
  const damages: Record<string, [damage: (run: string) => Promise<void>, says: RegExp]> = {
    'an empty folder': [
      async (run) => {
        await rm(run, { recursive: true });
        await mkdir(run);
      },
      /the folder \S*bad is empty/,
    ],
    'a half-written run': [(run) => rm(join(run, 'manifest.json')), /bad has no manifest\.json/],
    'a missing graph': [(run) => rm(join(run, 'graphs/decode.onnx')), /graphs\/decode\.onnx is missing/],
    'a damaged graph': [
      (run) => writeFile(join(run, 'graphs/decode.onnx'), 'not ONNX'),
      /graphs\/decode\.onnx is not the file that was exported/,
    ],
    'a newer format': [
      edit((manifest) => {
        manifest.format = 2;
      }),
      /format 2, written by a newer version/,
    ],
    'a wrong-shaped graph': [
      edit(({ graphs }) => Object.assign(graphs.decode!, { inputs: { z: { dtype: 'float32', shape: ['batch', 9] } } })),
      /graph 'decode' .* must have z/,
    ],
    'a graph that is no ONNX file': [
      async (run) => {
        const bytes = Buffer.from('not ONNX');
        await writeFile(join(run, 'graphs/decode.onnx'), bytes);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        await edit(({ graphs }) => Object.assign(graphs.decode!, { sha256, bytes: bytes.length }))(run);
      },
      /graphs\/decode\.onnx is not an ONNX model/,
    ],
    'a manifest that is none': [(run) => writeFile(join(run, 'manifest.json'), '{'), /manifest\.json is not JSON/],
  };
  describe('refuse in one line', () => {
    const cases = Object.entries(damages);
    let refusals: Ended[];

    before(async () => {
      for (const [index, [, [damage]]] of cases.entries()) {
        const bad = join(folder, `case-${index}/bad`);
        await cp(join(folder, 'run'), bad, { recursive: true });
        await damage(bad);
      }
      const lines = cases.map((_, index) => `sample case-${index}/bad -o case-${index}/s.png`);
      refusals = await eachOf(lines, folder);
    });

    for (const [index, [what, [, says]]] of cases.entries()) {
      it(what, async () => {
        const ended = refusals[index]!;
        expect(ended.code, ended.stderr).to.equal(1);
        expect(complaints(ended)).to.have.length(1);
        expect(complaints(ended)[0]).to.match(says);
        expect(await readdir(join(folder, `case-${index}`))).to.deep.equal(['bad']);
      });
    }
  });
});
