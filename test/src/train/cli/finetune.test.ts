import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';
import { PNG } from 'pngjs';
import { type attributeOf, encode, portOf, tensorOf, weight } from '../../export/import/onnx-file.js';
import { classifierFile, denoiserFile } from '../finetune/files.js';
import { complaints, type Ended, eachOf } from './onnx-forge.js';

/** 8 x 8 images of three classes: a bar at a place of its own, with noise. */
async function writeImages(folder: string): Promise<void> {
  for (let number = 0; number < 90; number++) {
    const label = number % 3;
    const image = new PNG({ width: 8, height: 8 });
    for (let pixel = 0; pixel < 64; pixel++) {
      const row = Math.floor(pixel / 8);
      const level = (row === 2 * label + 1 ? 200 : 0) + ((pixel * 7 + number * 13) % 50);
      image.data.set([level, level, level, 255], 4 * pixel);
    }
    await mkdir(join(folder, `class-${label}`), { recursive: true });
    await writeFile(join(folder, `class-${label}`, `${number}.png`), PNG.sync.write(image, { colorType: 0 }));
  }
}

const node = (
  op: string,
  name: string,
  input: string[],
  output: string,
  attribute: ReturnType<typeof attributeOf>[] = [],
) => ({
  ...{ opType: op, name, input, output: [output], attribute },
});

/** Images [batch, 1, 8, 8] by two layers that share one weight, which an exporter has stored once. */
function sharedFile(): Uint8Array {
  return encode({
    nodes: [
      node('Flatten', 'flat', ['image'], 'f'),
      node('MatMul', 'first', ['f', 'shared.weight'], 'a'),
      node('Relu', 'relu', ['a'], 'r'),
      node('MatMul', 'second', ['r', 'shared.weight'], 'b'),
      node('Gemm', 'head', ['b', 'head.weight'], 'scores'),
    ],
    initializers: [tensorOf('shared.weight', weight([64, 64], -0.2, 0.2)), tensorOf('head.weight', weight([64, 3]))],
    inputs: [portOf('image', 'float32', ['batch', 1, 8, 8])],
    outputs: [portOf('scores', 'float32', ['batch', 3])],
  });
}

/** A file whose only node has other weights and attributes. */
const small = (op: string, weights: Parameters<typeof tensorOf>[1][], dims?: number[]): Uint8Array =>
  encode({
    nodes: [
      node('Flatten', 'flat', ['image'], 'f'),
      node(op, 'the_node', ['f', ...weights.map((_, i) => `w${i}`)], 'scores'),
    ],
    initializers: weights.map((each, i) => ({ ...tensorOf(`w${i}`, each), ...(dims && { dims }) })),
    inputs: [portOf('image', 'float32', ['batch', 1, 8, 8])],
    outputs: [portOf('scores', 'float32', ['batch', 3])],
  });

describe('onnx-forge finetune', function () {
  this.timeout(240_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-finetune-'));
    await writeImages(join(folder, 'shapes'));
    await writeFile(join(folder, 'theirs.onnx'), classifierFile({ classes: 3 }));
    await writeFile(join(folder, 'ten.onnx'), classifierFile({ classes: 10 }));
    await writeFile(join(folder, 'denoiser.onnx'), denoiserFile());
    await writeFile(join(folder, 'shared.onnx'), sharedFile());
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const path = (name: string): string => join(folder, name);
  const short = '--data shapes --set batchSize=6 --set learningRate=0.02 --device cpu --no-figures';
  const run = async (...lines: string[]): Promise<Ended[]> => {
    const ended = await eachOf(lines, folder);
    for (const [i, { code, stderr }] of ended.entries()) assert.equal(code, 0, `${lines[i]}: ${stderr}`);
    return ended;
  };
  const scoresOf = async (file: string, data: Float32Array): Promise<number[]> => {
    const session = await openSession(await readFile(path(file)), { device: 'cpu' });
    const [name] = Object.keys(session.inputs);
    const dims = session.inputs[name!]!.shape.length === 4 ? [1, 1, 8, 8] : [1, 64];
    const outputs = await session.run({ [name!]: { type: 'float32', data, dims } });
    await session.dispose();
    return [...((outputs.logits ?? outputs.scores)!.data as Float32Array)];
  };

  it('makes runs that eval, verify and classify take, by each loss', async () => {
    const [made, , verified, classified, , placed, , cleaned] = await run(
      `finetune theirs.onnx ${short} --max-steps 60 --out runs/classes --json`,
      'eval runs/classes --device cpu',
      'verify runs/classes --json',
      'classify runs/classes shapes/class-0/0.png shapes/class-2/2.png --json',
      `finetune theirs.onnx ${short} --loss contrastive --set margin=2 --max-steps 10 --out runs/places`,
      'verify runs/places --json',
      `finetune denoiser.onnx ${short} --loss mse --max-steps 40 --out runs/clean`,
      'verify runs/clean --json',
    );
    const { runs, notes } = JSON.parse(made!.stdout);
    assert.equal(runs[0].name, 'finetune');
    assert.deepEqual(
      notes.map(({ kind }: { kind: string }) => kind),
      ['batch-norm'],
    );
    assert.include(made!.stderr, "theirs.onnx: 1 batch normalisation with the file's running means and variances");
    for (const { stdout } of [verified!, placed!, cleaned!]) assert.notInclude(stdout, '"passed":false');
    assert.match(classified!.stdout, /class-0[\s\S]*class-2/);
  });

  it('gives the file a new last layer, and trains what is named', async () => {
    await run(
      `finetune ten.onnx ${short} --head 3 --train head.* --max-steps 3 --out runs/head`,
      `finetune ten.onnx ${short} --head 3 --train body.* --max-steps 3 --out runs/body`,
    );
    const [refused] = await eachOf([`finetune ten.onnx ${short} --out runs/ten`], folder);
    assert.equal(refused!.code, 1);
    assert.match(complaints(refused!).join(), /tells 10 classes apart, and the data have 3: --head 3/);
  });

  it('trains adapters, saves them apart as a small file, and export merges them', async () => {
    const [, shown] = await run(
      `finetune theirs.onnx ${short} --train body.weight,head.weight --lora 2 --max-steps 12 --out runs/lora --adapters shapes.safetensors`,
      'export theirs.onnx --adapters shapes.safetensors -o merged',
    );
    assert.equal(shown!.code, 0);
    assert.isBelow((await stat(path('shapes.safetensors'))).size, 2000);
    const x = Float32Array.from({ length: 64 }, (_, i) => ((i * 37) % 64) / 64);
    const [merged, trained, before] = [
      await scoresOf('merged/model.onnx', x),
      await scoresOf('runs/lora/graphs/classify.onnx', x),
      await scoresOf('theirs.onnx', x),
    ];
    trained.forEach((n, i) => void assert.closeTo(merged[i]!, n, 1e-5));
    assert.isAbove(Math.max(...trained.map((n, i) => Math.abs(n - before[i]!))), 1e-3);
    const [other] = await eachOf(['export ten.onnx --adapters shapes.safetensors -o other'], folder);
    assert.equal(other!.code, 1);
    assert.match(complaints(other!).join(), /the adapters belong to another ONNX file/);
  });

  it('says which weights were merged, and splits them on request', async () => {
    const [tied, split] = await run(
      `finetune shared.onnx ${short} --max-steps 2 --out runs/tied --json`,
      `finetune shared.onnx ${short} --max-steps 2 --merged split --out runs/split --json`,
    );
    assert.match(tied!.stderr, /shared\.onnx: .*'shared\.weight'.*one weight here/);
    assert.match(split!.stderr, /shared\.onnx: .*'shared\.weight'.*each has its own here/);
    const sizes = await Promise.all(
      ['tied', 'split'].map(async (name) => (await stat(path(`runs/${name}/graphs/classify.onnx`))).size),
    );
    assert.isAbove(sizes[1]! - sizes[0]!, 64 * 64 * 4 - 100);
  });

  it('goes on after an interruption, bit for bit', async () => {
    await run(
      `finetune theirs.onnx ${short} --max-steps 9 --out runs/whole`,
      `finetune theirs.onnx ${short} --max-steps 4 --out runs/parts`,
      `finetune theirs.onnx ${short} --max-steps 9 --out runs/parts --resume`,
    );
    const [whole, parts] = await Promise.all(
      ['whole', 'parts'].map((name) => readFile(path(`runs/${name}/graphs/classify.onnx`))),
    );
    assert.isTrue(whole!.equals(parts!));
  });

  it('refuses bad files in one line each, with exit code 1, before a run is made', async () => {
    const ints = { ...weight([64, 3]), type: 'int32' as const, values: new Array<number>(192).fill(1) };
    const circle = encode({
      nodes: [node('Add', 'a', ['image', 'n'], 'b'), node('Neg', 'n', ['b'], 'n')],
      inputs: [portOf('image', 'float32', ['batch', 1, 8, 8])],
      outputs: [portOf('b', 'float32', ['batch', 1, 8, 8])],
    });
    const named = (name: string): Uint8Array =>
      encode({
        nodes: [node('Flatten', 'flat', ['image'], 'f'), node('MatMul', 'product', ['f', name], 'scores')],
        initializers: [tensorOf(name, weight([64, 3]))],
        inputs: [portOf('image', 'float32', ['batch', 1, 8, 8])],
        outputs: [portOf('scores', 'float32', ['batch', 3])],
      });
    const bad: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
      cut: [classifierFile().subarray(0, 700), /cut\.onnx: the file is no ONNX model, or is cut short/],
      empty: [new Uint8Array(), /empty\.onnx: the file holds no graph: it is no ONNX model/],
      text: [new TextEncoder().encode('<html>not found</html>'), /text\.onnx: the file is no ONNX model/],
      circle: [circle, /circle\.onnx: Add 'a' waits for its own result: the graph has a circle/],
      types: [small('MatMul', [ints]), /types\.onnx: MatMul 'the_node' can't take its input 1 \('w0'\): it is INT32/],
      huge: [
        small('MatMul', [weight([2])], [10_000_000_000]),
        /huge\.onnx: tensor 'w0' holds 2 numbers, but its shape/,
      ],
      loop: [small('NonZero', []), /loop\.onnx: the file has operators that can't be trained here: NonZero/],
    };
    for (const [name, [bytes]] of Object.entries(bad)) await writeFile(path(`${name}.onnx`), bytes);
    const names = ['__proto__', 'constructor', 'toString'];
    for (const [i, name] of names.entries()) await writeFile(path(`object-${i}.onnx`), named(name));
    const ended = await eachOf(
      [
        ...Object.keys(bad).map((name) => `finetune ${name}.onnx ${short} --out runs/bad`),
        `finetune nothing.onnx ${short} --out runs/bad`,
        `finetune theirs.onnx ${short} --train heat.weight --out runs/bad`,
        `finetune theirs.onnx --out runs/bad`,
        `finetune theirs.onnx ${short} --adapters a.safetensors --out runs/bad`,
        `finetune theirs.onnx ${short} --merged some --out runs/bad`,
        // Names that objects have are names like any other.
        ...names.map((_, i) => `finetune object-${i}.onnx ${short} --max-steps 2 --out runs/object-${i}`),
      ],
      folder,
    );
    const says = [
      ...Object.values(bad).map(([, text]) => [1, text] as const),
      ...([
        [1, /nothing\.onnx/],
        [1, /no weight's name fits "heat\.weight".*did you mean 'head\.weight'/],
        [2, /finetune needs data to train on: --data PATH or a name/],
        [2, /--adapters goes with --lora RANK/],
        [2, /--merged must be .*'some'/],
      ] as const),
    ];
    for (const [i, [code, text]] of says.entries()) {
      const lines = complaints(ended[i]!);
      assert.lengthOf(lines, 1, ended[i]!.stderr);
      assert.match(lines[0]!, text);
      assert.equal(ended[i]!.code, code, lines[0]);
    }
    for (const [i, name] of names.entries()) {
      const { code, stderr } = ended[says.length + i]!;
      assert.equal(code, 0, `${name}: ${stderr}`);
    }
    assert.isNull(await stat(path('runs/bad/manifest.json')).catch(() => null));
  });
});
