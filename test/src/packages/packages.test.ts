import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { describeApps } from '../apps/describe.js';
import { APP_VERSIONS } from '../apps/lab.js';
import { describeExamples } from './examples.js';
import { describePages, VITES } from './pages.js';
import { EmptyProject, OfflineError, PACKAGES, type PackageName, packAll, ROOT, type Tarball } from './project.js';
import { describeSnippets } from './snippets.js';
import { describeTypes } from './types.js';

const NAMES = Object.keys(PACKAGES) as PackageName[];

describe('packages', () => {
  let folder: string;
  let tarballs: Record<PackageName, Tarball>;
  const projects: EmptyProject[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-test-'));
    tarballs = await packAll(folder);
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
    for (const project of projects) project.remove();
  });

  async function project(names: readonly PackageName[], linked: readonly string[] = []): Promise<EmptyProject> {
    const made = new EmptyProject();
    projects.push(made);
    await made.install(Object.fromEntries(names.map((name) => [name, tarballs[name]])));
    made.link(...linked);
    return made;
  }

  for (const name of NAMES) {
    it(`${name} holds its code, types, maps with their sources, readme and licence, and nothing else`, async () => {
      const { files } = tarballs[name];
      expect(files).to.include.members(['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']);
      const stray = files.filter(
        (file) => !/^(package\.json|README\.md|LICENSE|(dist|src|bin|pretrained)\/.*)$/.test(file),
      );
      expect(stray).to.deep.equal([]);
      expect(files.filter((file) => /tsbuildinfo|\.test\./.test(file))).to.deep.equal([]);
      const installed = await project([name]);
      const code = files.filter(
        (file) => /^dist\/.*\.js$/.test(file) && files.includes(file.replace(/\.js$/, '.d.ts')),
      );
      expect(code.length).to.be.above(5);
      for (const file of code) {
        expect(files).to.include.members([`${file}.map`, file.replace(/\.js$/, '.d.ts.map')]);
        const map = readFileSync(join(installed.folder, 'node_modules', name, `${file}.map`), 'utf8');
        const { sources } = JSON.parse(map) as { sources: readonly string[] };
        for (const source of sources) {
          const path = posix.join(dirname(file), source);
          expect(files.includes(path), `${file} is left over from ${path}: delete dist, and build`).to.equal(true);
        }
      }
    });
  }

  for (const name of NAMES) {
    it(`${name} is in order for publint and for attw`, async function () {
      this.timeout(300_000);
      const { path } = tarballs[name];
      await checkoutTool('publint', 'run', '--strict', path);
      // The packages are ES modules only, which Node can `require` too; the other profiles ask for CommonJS beside them.
      await checkoutTool('@arethetypeswrong/cli', '--profile', 'esm-only', path);
    });
  }

  it('say which onnxruntime package is missing, and which version to install', async () => {
    const made = await project(['@onnx-forge/infer']);
    made.write(
      'main.js',
      `import { load, openSession, probeDevices } from '@onnx-forge/infer';
       const error = await openSession(new Uint8Array(), { device: 'cpu' }).catch((failure) => failure);
       console.log(JSON.stringify([error.code, error.message, await probeDevices()]));`,
    );
    const [code, message, reports] = JSON.parse(await made.node('main.js')) as [string, string, { reason?: string }[]];
    const reason = `onnxruntime-node is not installed (npm install --ignore-scripts onnxruntime-node@${peerVersion('onnxruntime-node')})`;
    expect([code, message]).to.deep.equal(['device-unavailable', `device 'cpu' is not available here: ${reason}`]);
    expect(reports.map((report) => report.reason)).to.deep.equal([reason, reason, reason]);
  });

  it('run the command line, and say which tfjs backend is missing', async () => {
    const made = await project(NAMES, ['onnxruntime-node']);
    const bin = 'node_modules/@onnx-forge/train/bin/onnx-forge.js';
    const { models } = JSON.parse(await made.node(bin, 'models', '--json')) as { models: unknown[] };
    expect(models.length).to.be.above(5);
    const sample = [
      'sample',
      'node_modules/@onnx-forge/models/pretrained/vae-2d',
      '-o',
      'samples.png',
      '--device',
      'cpu',
    ];
    await made.node(bin, ...sample);
    expect(readFileSync(join(made.folder, 'samples.png')).subarray(1, 4).toString()).to.equal('PNG');
    const eager = made.node(bin, 'train', 'vae-2d', '--engine', 'eager', '--backend', 'tensorflow', '--epochs', '1');
    const failure = await eager.then(String, (error: Error) => error.message);
    expect(failure).to.match(/the tfjs backend 'tensorflow' can't be loaded \(npm install @tensorflow\/tfjs-node\)/);
  });

  it('run together in an empty project', async () => {
    const made = await project(NAMES, ['onnxruntime-node']);
    made.write('main.js', PROGRAM);
    const found = JSON.parse(await made.node('main.js')) as unknown;
    expect(found).to.deep.equal({ device: 'cpu', dims: [4, 784], png: 'PNG', loss: true, y: [2, 4, 6] });
  });

  describe('installed by npm in an empty folder', () => {
    let app: EmptyProject;

    before(async function () {
      this.timeout(600_000);
      app = new EmptyProject();
      projects.push(app);
      const begin = performance.now();
      try {
        await app.npmInstall(...Object.values(tarballs).map(({ path }) => path), ...thirdParties());
      } catch (error) {
        if (!(error instanceof OfflineError)) throw error;
        console.log(`      skipped: ${error.message}`);
        this.skip();
      }
      console.log(`      npm install: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
      // The trained run that the documents load, where they say.
      cpSync(join(app.folder, 'node_modules/@onnx-forge/models/pretrained'), join(app.folder, 'models/pretrained'), {
        recursive: true,
      });
    });

    describeSnippets(() => app);
    describeTypes(() => app);
    describePages(() => app);
    describeExamples(() => app);
    describeApps(() => app);
  });

  it('infer alone type-checks in a page, declarations included', async () => {
    const made = await project(['@onnx-forge/infer']);
    made.write('main.ts', BROWSER_CONSUMER);
    made.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          lib: ['es2023', 'dom', 'esnext.disposable'],
          module: 'esnext',
          moduleResolution: 'bundler',
          types: [],
          strict: true,
          noEmit: true,
        },
        files: ['main.ts'],
      }),
    );
    await made.node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
  });
});

/** Each package, doing a little of what it is for. */
const PROGRAM = `
import { compileStep, exportOnnx, tf } from '@onnx-forge/export';
import { float32, load, openSession, Random } from '@onnx-forge/infer';
import { grid } from '@onnx-forge/viz';

const model = await load('node_modules/@onnx-forge/models/pretrained/vae-2d', { device: 'cpu' });
const { images } = await model.sample(4, { seed: 1 });
const rows = [0, 1, 2, 3].map((row) => images.data.subarray(784 * row, 784 * (row + 1)));
const png = grid(rows, { height: 28, width: 28, columns: 2 });

const double = exportOnnx(({ x }) => ({ y: tf.mul(x, 2) }), { inputs: { x: { shape: ['n'] } } });
const session = await openSession(double.bytes, { device: 'cpu' });
const { y } = await session.run({ x: float32(Float32Array.of(1, 2, 3), [3]) });

const weight = tf.variable(tf.scalar(1));
const optimizer = tf.train.sgd(0.1);
const step = { inputs: { x: { shape: [2] } }, step: ({ x }) => ({ loss: optimizer.minimize(() => tf.sum(tf.square(tf.mul(x, weight))), true) }) };
const training = await compileStep(step, { device: 'cpu', random: new Random(1) });
const losses = [];
for (let i = 0; i < 2; i++) losses.push((await training.run('step', { x: Float32Array.of(1, 1) })).loss);

console.log(JSON.stringify({
  device: model.device,
  dims: images.dims,
  png: String.fromCharCode(...png.subarray(1, 4)),
  loss: losses[1] < losses[0],
  y: [...y.data],
}));
`;

const BROWSER_CONSUMER = `
import { load, type LoadProgress } from '@onnx-forge/infer';

const controller = new AbortController();
const onProgress = ({ done, total }: LoadProgress) => console.log(done / total);
await using model = await load(new URL('runs/vae', document.baseURI), { signal: controller.signal, onProgress, wasmPaths: '/ort/' });
if (model.kind === 'classifier') {
  const { labels }: { labels: Int32Array } = await model.classify(new Float32Array(784));
  console.log(labels, model.device satisfies string);
}
`;

/** Packages that an app of each kind installs beside ours; versions are those of the checkout. */
function thirdParties(): string[] {
  const { devDependencies } = packageJson('.');
  const pinned = ['esbuild', '@types/node'].map((name) => `${name}@${devDependencies![name]}`);
  const runtimes = ['onnxruntime-node', 'onnxruntime-web'].map((name) => `${name}@${peerVersion(name)}`);
  return [...pinned, ...runtimes, ...VITES.map((name) => `${name}@${APP_VERSIONS[name]}`)];
}

/** A development tool of the checkout, by the name of its package; rejects with what it wrote when it finds fault. */
async function checkoutTool(name: string, ...args: readonly string[]): Promise<void> {
  const folder = join('node_modules', name);
  const [bin] = Object.values(packageJson(folder).bin!);
  const command = [join(ROOT, folder, bin!), ...args];
  await promisify(execFile)(process.execPath, command).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${name}: ${error.stderr}${error.stdout}`);
  });
}

type Versions = Readonly<Record<string, string>>;

function packageJson(folder: string): { devDependencies?: Versions; peerDependencies?: Versions; bin?: Versions } {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
}

function peerVersion(name: string): string {
  return packageJson('packages/infer').peerDependencies![name]!;
}
