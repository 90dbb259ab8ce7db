// The reference: a module for each entry point of the packages, and an index that says what each is for.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);
const PACKAGES = ['infer', 'export', 'train', 'viz'];

/** Entry points without a module of their own. */
const LEFT_OUT = new Set([
  // What the packages share; programs find it in the package's index.
  '@onnx-forge/infer/errors',
  '@onnx-forge/infer/node-files',
  '@onnx-forge/infer/value-rule',
  // A thread's program, and names that other entry points have.
  '@onnx-forge/export/backend-worker',
  '@onnx-forge/train/compat',
  // tfjs's own names: js.tensorflow.org/api.
  '@onnx-forge/export/tfjs',
]);

const modules = PACKAGES.flatMap((folder) => {
  const { name, exports } = JSON.parse(readFileSync(new URL(`packages/${folder}/package.json`, ROOT), 'utf8'));
  return Object.entries(exports).flatMap(([subpath, { types }]) => {
    const module = name + subpath.slice(1);
    if (types === undefined || LEFT_OUT.has(module)) return [];
    const file = new URL(`packages/${folder}/${types}`, ROOT);
    const source = new URL(`packages/${folder}/${types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts')}`, ROOT);
    return [{ module, file: fileURLToPath(file), about: aboutModule(source, module) }];
  });
});

/** The sentences of its source's comment: declarations lose that of a file which begins with imports. @throws Error where there is none with the module's name */
function aboutModule(file, module) {
  const text = readFileSync(file, 'utf8');
  const comment = [...text.matchAll(/\/\*\*([\s\S]*?)\*\//g)].find(([all]) => all.includes(`@module ${module}\n`));
  if (!comment) throw new Error(`${fileURLToPath(file)} begins with no comment that has '@module ${module}'`);
  return comment[1]
    .replaceAll(/\n \* ?/g, '\n')
    .split('\n@')[0]
    .trim()
    .replaceAll(/\s+/g, ' ');
}

const index = `Everything that the packages export, by entry point. Guides are behind "Documentation", above.

| import from | for |
| --- | --- |
${modules.map(({ module, about }) => `| {@link ${module}! | \`${module}\`} | ${about} |`).join('\n')}
`;
const readme = new URL('.vitepress/cache/api.md', import.meta.url);
mkdirSync(new URL('.', readme), { recursive: true });
writeFileSync(readme, index);

export default {
  name: 'onnx-forge',
  tsconfig: 'tsconfig.api.json',
  entryPoints: modules.map(({ file }) => file),
  readme: fileURLToPath(readme),
  out: 'dist/api',
  navigationLinks: { Documentation: '../' },
  disableSources: true,
  excludePrivate: true,
  excludeExternals: true,
  externalPattern: ['**/node_modules/@tensorflow/**', '**/packages/export/dist/tfjs/**'],
  excludeInternal: true,
  sort: ['source-order'],
  validation: { notExported: false, invalidLink: true },
  treatWarningsAsErrors: true,
  includeVersion: true,
};
