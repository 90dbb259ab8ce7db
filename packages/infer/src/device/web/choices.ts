import type { ChoiceStore } from '../driver.js';
import { page } from './page.js';

/** The name of the browser's cache. Of this shape; another shape gets another number. */
const CACHE = '@onnx-forge/infer: measured devices 1';

/** Choices in a cache of the browser's, which pages and workers of a site share, and which is gone with the site's data. */
export const choices: ChoiceStore = {
  async read(key) {
    const found = await (await open()).match(addressOf(key));
    return found?.text();
  },
  async write(key, text) {
    await (await open()).put(addressOf(key), new Response(text));
  },
};

function open(): ReturnType<NonNullable<typeof page.caches>['open']> {
  if (!page.caches) throw new Error('browsers keep caches from pages that are not secure');
  return page.caches.open(CACHE);
}

/** Caches are of requests; nothing is ever fetched from there. */
function addressOf(key: string): string {
  return `https://onnx-forge.invalid/?${encodeURIComponent(key)}`;
}
