import { pathToFileURL } from 'node:url';
import { scenario } from './scenario.js';

// As a path, as a file URL in a string and as a URL.
const { run, devices } = JSON.parse(process.argv.at(-1));
for (const location of [run, pathToFileURL(run).href, pathToFileURL(run)]) {
  console.log(JSON.stringify(await scenario({ run: location, devices })));
}
