import { scenario } from './scenario.js';

// The settings stand behind the page's #.
scenario(JSON.parse(decodeURIComponent(location.hash.slice(1)))).then((outcome) => {
  globalThis.outcome = outcome;
});
