import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as train from '@onnx-forge/train';
import { expect } from 'chai';
import { complaints, inFolder, onnxForge } from './onnx-forge.js';

const MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));
const LOADER = new URL('../../../../packages/train/dist/cli/inputs/user-module.js', import.meta.url);

/** A classifier in TypeScript: an enum, types, a helper without an extension, another by a path of tsconfig.json. */
const RECIPE = `import { classification, classifierModel, crossEntropy, defineRecipe, mlp, tf } from '@onnx-forge/train';
import { type Size, UNITS } from './sizes';
import { NAME } from '~/naming';

enum Pixels { all = 784 }
const size: Size = { units: UNITS };

export default defineRecipe({
  name: NAME,
  task: 'softmax regression',
  source: 'a test',
  data: { real: 'mnist', embedded: 'synthetic-digits' },
  options: { learningRate: 0.1, batchSize: 20, epochs: 1 },
  batch: { x: { shape: [Pixels.all] }, label: { shape: [], dtype: 'int32' as const } },
  nets: (_, init) => ({ net: mlp([Pixels.all, size.units], { activation: 'relu', kernel: init.glorotUniform }) }),
  steps: {
    fit: {
      updates: ['net'],
      optimizer: () => tf.train.sgd(0.1),
      loss: ({ net }, { x, label }) => ({ loss: crossEntropy(net.apply(x), label) }),
    },
  },
  serves: ({ net }) =>
    classifierModel({
      classes: [...'0123456789'],
      image: { height: 28, width: 28, channels: 1, range: [0, 1] },
      featureDim: Pixels.all,
      features: (x) => x,
      logits: (x) => net.apply(x),
    }),
  evaluate: classification,
  figures: {},
});
`;

/** A project outside the checkout that has the packages installed, and says `"type": "commonjs"` as `npm init` does. */
function inProject<T>(files: Readonly<Record<string, string>>, use: (folder: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    await symlink(MODULES, join(folder, 'node_modules'), 'junction');
    const all = { 'package.json': '{ "name": "project", "type": "commonjs" }', ...files };
    for (const [name, text] of Object.entries(all)) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return use(folder);
  });
}

async function complaintOf(files: Readonly<Record<string, string>>): Promise<string> {
  return inProject(files, async (folder) => {
    const ended = await onnxForge('train ./recipe.ts', folder);
    expect(ended.code, ended.stderr).to.equal(2);
    const [line, ...more] = complaints(ended);
    expect(more).to.deep.equal([]);
    return line!;
  });
}

describe("a user's TypeScript", () => {
  it('trains from a recipe with an enum, a helper without extension, and paths of tsconfig.json', () =>
    inProject(
      {
        'recipe.ts': RECIPE,
        'sizes.ts': 'export interface Size { units: number }\nexport const UNITS: number = 10;\n',
        'lib/naming.ts': "export const NAME = 'from-typescript' as const;\n",
        'tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } }',
      },
      async (folder) => {
        const flags = '--device cpu --max-steps 2 --no-evaluate --no-figures --json'.split(' ');
        const { code, stdout, stderr } = await onnxForge(['train', './recipe.ts', ...flags], folder);
        expect(code, stderr).to.equal(0);
        expect(stderr).not.to.match(/warning/i);
        expect(JSON.parse(stdout)).to.have.nested.property('runs[0].name', 'from-typescript');
      },
    ));

  it('gets the very packages that the command line runs on', () =>
    inProject(
      { 'module.ts': "import * as train from '@onnx-forge/train';\nexport const { tf, defineRecipe } = train;\n" },
      async (folder) => {
        const { importUserModule } = (await import(LOADER.href)) as {
          importUserModule(file: string, what: string): Promise<typeof train>;
        };
        const module = await importUserModule(join(folder, 'module.ts'), 'module');
        expect(module.defineRecipe).to.equal(train.defineRecipe);
        expect(module.tf).to.equal(train.tf);
      },
    ));

  it('names file and line of what it throws, of a helper too', async () => {
    const thrown =
      'interface A {\n  a: number;\n}\n\nconst f = (a: A): number => a.a.b.c;\nexport default f({ a: 1 });\n';
    expect(await complaintOf({ 'recipe.ts': thrown })).to.match(
      /recipe\.ts can't be loaded: recipe\.ts:5: TypeError: .+/,
    );
    const files = { 'recipe.ts': "import value from './helper';\nexport default value + 1;\n", 'helper.ts': thrown };
    expect(await complaintOf(files)).to.match(/recipe\.ts can't be loaded: helper\.ts:5: TypeError: .+/);
  });

  it('names its line when a package refuses', async () => {
    const text = "import { tf } from '@onnx-forge/train';\n\nexport default tf.tensor([1, 2], [3]);\n";
    expect(await complaintOf({ 'recipe.ts': text })).to.match(/can't be loaded: recipe\.ts:3: .+/);
  });

  it('names file and line of a syntax error', async () => {
    const text = 'const a: number = 1;\nconst b = = 3;\nexport default a + b;\n';
    expect(await complaintOf({ 'recipe.ts': text })).to.match(/can't be loaded: recipe\.ts:2: SyntaxError: .+/);
  });

  it('names an import that is not there', async () => {
    const text = "import { a } from './nowhere';\nexport default a();\n";
    expect(await complaintOf({ 'recipe.ts': text })).to.match(/can't be loaded: recipe\.ts:1: .*nowhere/);
  });

  it('needs a recipe as its default export', async () => {
    expect(await complaintOf({ 'recipe.ts': 'export const a: number = 1;\n' })).to.match(
      /recipe\.ts has no recipe as its default export/,
    );
    expect(await complaintOf({ 'recipe.ts': 'export default { name: 3 };\n' })).to.match(/no recipe as its default/);
  });
});
