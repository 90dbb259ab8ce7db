import { defineConfig } from 'vite';

// A static page that works under any address: relative URLs, nothing inlined (a strict content security policy).
export default defineConfig({
  base: './',
  build: { outDir: '../dist/explorer', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', sourcemap: true },
});
