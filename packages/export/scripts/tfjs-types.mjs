// Copies tfjs's declarations into dist/tfjs, mended: as published they fail in every strict app that checks the declarations
// it uses (no `skipLibCheck`). Two of tfjs-layers contradict themselves, @webgpu/types 0.1.38 contradicts the DOM library
// of today's TypeScript, and many names exist only with that library. tfjs is pinned, so each mend must find its text.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const target = fileURLToPath(new URL('../dist/tfjs', import.meta.url));
/** Beside the copies, not among them: `#tfjs` is ours. */
const modules = fileURLToPath(new URL('../dist/tfjs-modules.d.ts', import.meta.url));

/** The parts of `tf`, as in tfjs's own index. */
const INDEX = `import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
export * from '@tensorflow/tfjs-core';
export * from '@tensorflow/tfjs-layers';
export * from '@tensorflow/tfjs-converter';
import * as data from '@tensorflow/tfjs-data';
export { data };
export * from '@tensorflow/tfjs-backend-cpu';
export * from '@tensorflow/tfjs-backend-webgl';
export declare const version: Readonly<Record<
  'tfjs-core' | 'tfjs-backend-cpu' | 'tfjs-backend-webgl' | 'tfjs-data' | 'tfjs-layers' | 'tfjs-converter' | 'tfjs', string>>;
`;

/** Names of the page's world: the real type where the app has it, otherwise none. */
const PAGE_CLASSES = [
  'Blob',
  'File',
  'GPUBuffer',
  'HTMLCanvasElement',
  'HTMLElement',
  'HTMLImageElement',
  'HTMLSourceElement',
  'HTMLVideoElement',
  'IDBFactory',
  'ImageBitmap',
  'ImageData',
  'Navigator',
  'OffscreenCanvas',
  'Request',
  'Response',
  'Storage',
  'URL',
  'WebGL2RenderingContext',
  'WebGLBuffer',
  'WebGLFramebuffer',
  'WebGLQuery',
  'WebGLRenderingContext',
  'WebGLShader',
  'WebGLSync',
  'WebGLTexture',
  'WebGLUniformLocation',
  'WebGLVertexArrayObject',
];
/** Those that are shapes of objects, of which no value tells whether they are there. */
const PAGE_SHAPES = {
  Long: '{ readonly high: number; readonly low: number; readonly unsigned: boolean; toString(radix?: number): string }',
  MediaTrackConstraints: 'object',
  'ReadableStream<T = unknown>':
    'typeof globalThis extends { ReadableStream: { prototype: infer S } } ? S : AsyncIterable<T>',
  RequestInfo: 'string | URL | Request',
  RequestInit: 'object',
  WebGLContextAttributes: 'object',
  // Which an interface extends.
  WebGLProgram: 'typeof globalThis extends { WebGLProgram: { prototype: infer T } } ? T : object',
  WebGLVertexArrayObjectOES: 'object',
};
const PAGE = [
  '/** Types of the DOM library, which an app may have or not. */',
  ...PAGE_CLASSES.map(
    (name) => `export type ${name} = typeof globalThis extends { ${name}: { prototype: infer T } } ? T : never;`,
  ),
  ...Object.entries(PAGE_SHAPES).map(([name, type]) => `export type ${name} = ${type};`),
].join('\n');

/** File, text as published, text that takes its place. */
const MENDS = [
  // A model's inputs may have free sizes (`null`), which InferenceModel does not allow.
  ['tfjs-layers/engine/training', ' extends Container implements tfc.InferenceModel {', ' extends Container {'],
  // `config` must be a value of PyJsonDict's index signature.
  ['tfjs-layers/keras_format/types', '    config: T;\n', '    config: T & PyJsonDict;\n'],
  // Without `exactOptionalPropertyTypes` a property that may be left out may be undefined.
  [
    'tfjs-layers/keras_format/types',
    '    [key: string]: PyJsonValue;\n',
    '    [key: string]: PyJsonValue | undefined;\n',
  ],
  ['tfjs-core/io/types', 'typeof fetch', '(path: string, init?: RequestInit) => Promise<Response>'],
];

const files = new Map();
const version = require('@tensorflow/tfjs/package.json').version;

/** The file, below the target and without its ending, of a module of tfjs. */
function nameOf(specifier) {
  const [, name, path = 'index'] = /^@tensorflow\/([^/]+)(?:\/dist\/(.*))?$/.exec(specifier);
  return `${name}/${path}`;
}

function sourceOf(name) {
  const [, first, path] = /^([^/]+)\/(.*)$/.exec(name);
  const folder = join(dirname(require.resolve(`@tensorflow/${first}/package.json`)), 'dist', path);
  return existsSync(`${folder}.d.ts`) ? [name, `${folder}.d.ts`] : [`${name}/index`, join(folder, 'index.d.ts')];
}

/** Adds a module and what it imports. */
function add(wanted) {
  const [name, source] = sourceOf(wanted);
  if (files.has(name)) return name;
  files.set(name, '');
  files.set(name, rewritten(name, mended(name, readFileSync(source, 'utf8'))));
  return name;
}

function mended(name, text) {
  for (const [file, before, after] of MENDS.filter(([file]) => file === name)) {
    const replaced = text.replace(before, after);
    if (replaced === text)
      throw new Error(`tfjs ${version} no longer has '${before}' in ${file}: see ${import.meta.url}`);
    text = replaced;
  }
  return text;
}

/** With imports that lead to the copies. */
function rewritten(name, text) {
  const pathTo = (other) => {
    const path = relative(dirname(name), other);
    return path.startsWith('.') ? path : `./${path}`;
  };
  let code = text
    .replace(/^\/\/\/ *<reference types="@webgpu.*\n/gm, '')
    .replace(/^\/\/\/ *<amd-module.*\n/gm, '')
    .replace(/^\/\/# sourceMappingURL.*\n?/gm, '')
    .replace(/((?:from|import) *\(?)["']([^"']+)["']/g, (all, start, specifier) => {
      if (specifier.startsWith('@tensorflow/')) return `${start}'${pathTo(add(nameOf(specifier)))}'`;
      if (specifier.startsWith('.')) return `${start}'${pathTo(add(join(dirname(name), specifier)))}'`;
      return all;
    })
    .replace(
      /declare module ["'](\.[^"']+)["']/g,
      (_, specifier) => `declare module '${pathTo(add(join(dirname(name), specifier)))}'`,
    );
  const bare = code.replace(/\/\*[\s\S]*?\*\//g, '');
  const names = [...PAGE_CLASSES, ...Object.keys(PAGE_SHAPES).map((one) => one.replace(/<.*/, ''))].filter(
    (one) => new RegExp(`\\b${one}\\b`).test(bare) && !new RegExp(`\\binterface ${one}\\b`).test(bare),
  );
  if (names.length > 0) code = `import type { ${names.join(', ')} } from '${pathTo('page')}';\n${code}`;
  return code;
}

files.set('index', rewritten('index', INDEX));
files.set('page', PAGE);
rmSync(target, { recursive: true, force: true });
for (const [name, text] of files) {
  const path = join(target, `${name}.d.ts`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
// Like tfjs's own, they are CommonJS: imports without file endings.
writeFileSync(join(target, 'package.json'), '{ "type": "commonjs" }\n');

// Declared modules go before those that the compiler finds, so an app's own tfjs, and packages that speak it, have these types.
const packages = [...files.keys()].flatMap((name) => /^(tfjs-[^/]+)\/index$/.exec(name)?.[1] ?? []);
const declared = packages.map((name) => [`@tensorflow/${name}`, `#tfjs/${name}`]);
writeFileSync(
  modules,
  [['@tensorflow/tfjs', '#tfjs'], ...declared]
    .map(([name, source]) => `declare module '${name}' {\n  export * from '${source}';\n}\n`)
    .join(''),
);
