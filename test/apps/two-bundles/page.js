import { scenario } from './scenario.js';

// Two of these run in one page at the same time.
scenario(JSON.parse(decodeURIComponent(location.hash.slice(1)))).then((outcome) => {
  globalThis.outcomes = [...(globalThis.outcomes ?? []), outcome];
  if (globalThis.outcomes.length === 2) globalThis.outcome = globalThis.outcomes;
});
