import { commandApp } from './command.js';
import { pageApp, STRICT } from './page.js';
import type { App } from './row.js';

const WASM = 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded';
const ESBUILD = 'npx esbuild page.js --bundle --format=esm --splitting --outdir=dist';
const COPY = `cp ../${WASM}.wasm ../${WASM}.asyncify.wasm dist`;

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
  }),
  pageApp({
    name: 'import-map',
    title: 'no bundler: an import map',
    quick: true,
    build: 'ln -s ../node_modules node_modules',
  }),
];
