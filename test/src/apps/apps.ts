import { ISOLATION, STRICT_POLICY } from '../browser/site.js';
import { commandApp } from './command.js';
import type { Endurance } from './endurance.js';
import { pageApp, STRICT } from './page.js';
import type { App } from './row.js';

const WASM = 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded';
const ESBUILD = 'npx esbuild page.js --bundle --format=esm --splitting --outdir=dist';
const COPY = `cp ../${WASM}.wasm ../${WASM}.asyncify.wasm dist`;
/** Where wasmPaths is a folder, onnxruntime fetches its module from there, too. */
const COPY_ALL = `${COPY}; cp ../${WASM}.mjs ../${WASM}.asyncify.mjs dist`;

const IIFE = (script: string): string => `npx esbuild ${script} --bundle --format=iife --outdir=dist`;
const ODD = 'a b ü 日本 #1 50%41';

/** Root may write everywhere, unless it has given up its capabilities. */
const UNPRIVILEGED = '$([ $(id -u) = 0 ] && echo setpriv --bounding-set=-all --inh-caps=-all)';

const JEST = 'node --experimental-vm-modules ../node_modules/jest/bin/jest.js';

const VITEST = (environment: string): string =>
  `node ../node_modules/vitest/vitest.mjs run --environment ${environment} >&2; cat outcome.json`;

const VITES = ['6', '7', '8'].flatMap((version): App[] => {
  const name = `vite-${version}`;
  const common = { sources: ['vite'], runAt: 'public/runs/vae' };
  const config = version === '8' ? 'rm vite.config.js' : ':';
  return [
    pageApp({
      ...common,
      name,
      title: `Vite ${version}, built; strict content security policy`,
      build: `${config}; node ../node_modules/${name}/bin/vite.js build --base ./ --logLevel error`,
      built: 'dist/assets',
      served: 'dist',
      headers: STRICT,
    }),
    pageApp({
      ...common,
      name: `${name}-dev`,
      title: `Vite ${version}, development server`,
      build: `${config}; rm -rf ../node_modules/.vite`,
      devServer: name,
    }),
  ];
});

/** Every host that the suite knows. */
export const APPS: readonly App[] = [
  commandApp({ name: 'node', title: 'Node', quick: true, command: 'exec node node.js "$SETTINGS"' }),
  ...VITES,
  pageApp({ name: 'webpack', title: 'webpack 5', build: 'npx webpack', built: 'dist' }),
  pageApp({ name: 'rollup', title: 'Rollup', build: `npx rollup -c; ${COPY}`, built: 'dist', headers: STRICT }),
  pageApp({
    name: 'esbuild',
    title: 'esbuild, --format=esm --splitting',
    quick: true,
    build: `${ESBUILD}; ${COPY}`,
    built: 'dist',
    headers: STRICT,
  }),
  pageApp({
    name: 'next',
    title: 'Next.js (Turbopack), exported as files',
    build: 'NEXT_TELEMETRY_DISABLED=1 npx next build',
    runAt: 'public/runs/vae',
    built: 'out/_next/static',
    served: 'out',
    path: '/', // Next.js has to be told of any other
  }),
  pageApp({
    name: 'import-map',
    title: 'no bundler: an import map',
    build: 'ln -s ../node_modules node_modules',
  }),
  pageApp({
    name: 'esbuild-iife',
    title: 'esbuild, one classic script (--format=iife), with wasmPaths',
    build: `${IIFE('page.js')}; ${COPY_ALL}`,
    built: 'dist',
    settings: { options: { wasmPaths: 'dist/' } },
  }),
  pageApp({
    name: 'iife-no-paths',
    title: 'the same without wasmPaths',
    sources: ['esbuild-iife'],
    build: `${IIFE('page.js')}; ${COPY_ALL}`,
    settings: { devices: ['wasm'] },
    refused: /wasmPaths/,
  }),
  pageApp({
    name: 'wasm-missing',
    title: 'wasmPaths that lead nowhere',
    sources: ['esbuild'],
    build: ESBUILD,
    settings: { devices: ['wasm'], options: { wasmPaths: 'nowhere/' } },
    refused: /wasmPaths/,
  }),
  pageApp({
    name: 'file',
    title: 'a page at file://',
    sources: ['esbuild-iife'],
    build: `${IIFE('page.js')}; ${COPY_ALL}`,
    fromDisk: true,
    settings: { devices: ['wasm'], options: { wasmPaths: 'dist/' } },
    refused: /file:/,
  }),

  pageApp({
    name: 'worker',
    title: 'module worker (esbuild)',
    quick: true,
    build: `${ESBUILD} worker.js; ${COPY}`,
    headers: STRICT,
  }),
  pageApp({
    name: 'vite-8-worker',
    title: 'module worker (Vite 8)',
    sources: ['worker', 'vite'],
    runAt: 'public/runs/vae',
    build: `rm vite.config.js; node ../node_modules/vite-8/bin/vite.js build --base ./ --logLevel error`,
    built: 'dist/assets',
    served: 'dist',
  }),
  pageApp({
    name: 'worker-classic',
    title: 'classic worker (esbuild, iife)',
    build: `${IIFE('worker.js')}; ${COPY_ALL}`,
  }),
  pageApp({
    name: 'worker-blob',
    title: 'worker made from a blob',
    build: `${IIFE('worker.js')}; ${COPY_ALL}`,
  }),
  pageApp({
    name: 'blob-relative',
    title: 'worker made from a blob, a relative address',
    sources: ['worker-blob'],
    build: `${IIFE('worker.js')}; ${COPY_ALL}`,
    settings: { devices: ['wasm'], absolute: false },
    refused: /absolute|relative/,
  }),
  pageApp({
    name: 'service-worker',
    title: 'service worker (module)',
    build: `npx esbuild service-worker.js --bundle --format=esm --outdir=dist; ${COPY}`,
  }),
  pageApp({
    name: 'two-bundles',
    title: 'two bundles in one page, at the same time',
    build: `for one in a b; do ${ESBUILD}/$one; cp ../${WASM}.wasm ../${WASM}.asyncify.wasm dist/$one; done`,
  }),
  pageApp({
    name: 'two-copies',
    title: 'two copies of infer over one onnxruntime-web, at the same time',
    build: 'ln -s ../node_modules node_modules; mkdir copy; cp -r node_modules/@onnx-forge/infer copy; cp *.js copy',
  }),

  ...[
    {
      name: 'csp-isolated',
      title: 'strict policy, cross-origin isolated: 2 threads',
      headers: { ...STRICT, ...ISOLATION },
    },
    {
      name: 'coep-credentialless',
      title: 'Cross-Origin-Embedder-Policy: credentialless: 2 threads',
      headers: { ...ISOLATION, 'cross-origin-embedder-policy': 'credentialless' },
    },
    {
      name: 'csp-no-workers',
      title: "isolated, worker-src 'none', 2 threads",
      headers: {
        ...ISOLATION,
        'content-security-policy': STRICT_POLICY.replace("worker-src 'self'", "worker-src 'none'"),
      },
      devices: ['wasm'],
      refused: /worker-src/,
    },
    {
      name: 'csp-no-wasm',
      title: "a policy without 'wasm-unsafe-eval'",
      headers: { 'content-security-policy': STRICT_POLICY.replace(" 'wasm-unsafe-eval'", '') },
      devices: ['wasm'],
      refused: /wasm-unsafe-eval/,
    },
  ].map(({ devices = ['auto', 'webgpu'], ...row }) =>
    pageApp({
      ...row,
      sources: ['esbuild'],
      build: `${ESBUILD}; ${COPY}`,
      settings: { devices, options: { threads: 2 } },
    }),
  ),
  pageApp({
    name: 'odd-paths-page',
    title: 'a page and a run at an address with blanks, unicode, # and %',
    sources: ['esbuild'],
    build: `${ESBUILD}; ${COPY}`,
    path: `/${ODD}/`,
    runAt: `${ODD}/vae`,
    settings: { run: `${encodeURIComponent(ODD)}/vae` },
  }),

  commandApp({
    name: 'require',
    title: 'Node, require() of an ES module',
    quick: true,
    sources: ['cjs'],
    command: 'exec node main.cjs "$SETTINGS"',
  }),
  commandApp({
    name: 'esbuild-cjs',
    title: 'esbuild for Node, --format=cjs',
    quick: true,
    build:
      'npx esbuild node.js --bundle --platform=node --format=cjs --external:onnxruntime-node --outfile=dist/node.cjs',
    built: 'dist',
    command: 'exec node dist/node.cjs "$SETTINGS"',
  }),
  commandApp({
    name: 'worker-threads',
    title: 'Node, two worker_threads at the same time',
    quick: true,
    sources: ['worker-threads'],
    command: 'exec node main.js',
  }),
  commandApp({
    name: 'cluster',
    title: 'Node, two workers of a cluster',
    quick: true,
    sources: ['cluster'],
    command: 'exec node main.js',
  }),
  commandApp({
    name: 'bun',
    title: 'Bun',
    command: 'exec ../node_modules/@oven/bun-linux-x64/bin/bun node.js "$SETTINGS"',
  }),
  commandApp({
    name: 'deno',
    title: 'Deno',
    command: 'exec ../node_modules/@deno/linux-x64-glibc/deno run -A --node-modules-dir=manual node.js "$SETTINGS"',
  }),
  ...['node', 'jsdom'].map((environment) =>
    commandApp({
      name: `jest-${environment}`,
      title: `Jest, environment ${environment} with Node's arrays, ES modules`,
      sources: ['jest'],
      command: `JEST_HOST=${environment} ${JEST} >&2; cat outcome.json`,
    }),
  ),
  commandApp({
    name: 'jest-node-plain',
    title: 'Jest, environment node as it comes, ES modules',
    sources: ['jest'],
    command: `${JEST} --env node >&2; cat outcome.json`,
    refused: /realm/,
  }),
  commandApp({
    name: 'jest-jsdom-page',
    title: 'Jest, environment jsdom as it comes: with what browsers get',
    sources: ['jest'],
    command: `${JEST} --env jsdom --testEnvironmentOptions '{}' >&2; cat outcome.json`,
    refused: /fetch|browser/,
  }),
  commandApp({
    name: 'jest-default',
    title: 'Jest as it comes: require()',
    command: 'node ../node_modules/jest/bin/jest.js >&2; cat outcome.json',
    sources: ['jest-default'],
    // Node 24 and Jest 30.2 can require ES modules.
    ...(Number.parseInt(process.versions.node, 10) < 24 && { refused: /ES Module|import/ }),
  }),
  commandApp({ name: 'vitest-node', title: 'Vitest, environment node', sources: ['vitest'], command: VITEST('node') }),
  commandApp({
    name: 'vitest-jsdom',
    title: 'Vitest, environment jsdom',
    sources: ['vitest'],
    command: VITEST('jsdom'),
    refused: /realm/,
  }),
  commandApp({
    name: 'read-only',
    title: 'Node, nothing may be written, and there is no folder for temporary files',
    quick: true,
    command: `trap 'chmod -R u+w .' EXIT; chmod -R a-w .; export TMPDIR=/nonexistent HOME=/nonexistent
      if ${UNPRIVILEGED} touch written; then echo "the folder can be written to" >&2; exit 1; fi
      ${UNPRIVILEGED} node node.js "$SETTINGS"`,
  }),
  commandApp({
    name: 'odd-paths',
    title: 'Node, an app and a run in folders with blanks, unicode, # and %',
    quick: true,
    sources: ['odd-paths'],
    runAt: `${ODD}/vae`,
    settings: { run: `${ODD}/vae` },
    build: `cp *.js '${ODD}'`,
    command: `exec node '${ODD}/main.js' "$SETTINGS"`,
  }),
];

const PAGE = { build: `${ESBUILD}; ${COPY}` };

/** The same again and again. */
export const ENDURANCE: readonly Endurance[] = [
  ...(['wasm', 'webgpu'] as const).map((device): Endurance => {
    return {
      ...PAGE,
      name: `loads-${device}`,
      title: `200 loads and disposals, ${device}`,
      kind: 'loads',
      device,
      early: device === 'wasm' ? 60 : 30,
      late: 200,
    };
  }),
  ...(['cpu', 'wasm', 'webgpu'] as const).map((device): Endurance => {
    return {
      ...PAGE,
      name: `calls-${device}`,
      title: `10,000 calls, ${device}`,
      kind: 'calls',
      device,
      early: 1000,
      late: 10_000,
    };
  }),
];
