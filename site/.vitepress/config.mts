import { fileURLToPath } from 'node:url';
import { defineConfig, type SiteConfig } from 'vitepress';
import { checkSite } from './check-site.js';
import { documentLinks, partName } from './links.js';
import { PAGES, SECTIONS } from './pages.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Under what path the site will lie, and where the checkout's files can be read on the web. */
const { SITE_BASE: base = '/', SITE_SOURCE: source } = process.env;

/** Two nodes and what flows between them. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="#3451b2"><circle cx="4" cy="8" r="3"/><circle cx="12" cy="8" r="3"/><path d="M4 7h8v2H4z"/></svg>`;

export default defineConfig({
  title: 'onnx-forge',
  description:
    'Train classic deep-learning models in TypeScript, turn them into ONNX, run them anywhere onnxruntime runs.',
  lang: 'en',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  base,
  cleanUrls: true,
  srcDir: '..',
  srcExclude: ['.cache/**', 'bench/**', 'test/**', 'runs/**', 'data/**', '**/dist/**'],
  outDir: 'dist',
  rewrites: {
    'site/index.md': 'index.md',
    ...Object.fromEntries(
      PAGES.map(({ file, address }) => [file, `${address.endsWith('/') ? `${address}index` : address}.md`]),
    ),
  },
  markdown: {
    math: true,
    anchor: { slugify: partName },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => documentLinks(md, { root: ROOT, source }),
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Recipes', link: '/recipes/vae' },
      { text: 'Export', link: '/export' },
      { text: 'Serve', link: '/serve' },
      { text: 'API', link: '/api/index.html', target: '_self' },
    ],
    sidebar: SECTIONS.map(({ title, pages }, index) => ({
      text: title,
      collapsed: index > 5,
      items: pages.map(({ text, address }) => ({ text, link: `/${address}` })),
    })),
    search: { provider: 'local' },
    outline: [2, 3],
    externalLinkIcon: true,
  },
  buildEnd(config: SiteConfig) {
    const listed = new Set(['site/index.md', ...PAGES.map(({ file }) => file)]);
    const strays = config.pages.map((page) => config.rewrites.inv[page] ?? page).filter((file) => !listed.has(file));
    if (strays.length > 0) throw new Error(`not in site/.vitepress/pages.ts: ${strays.join(', ')}`);
    checkSite(config.outDir, base);
  },
});
