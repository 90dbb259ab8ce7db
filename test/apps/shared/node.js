import { scenario } from './scenario.js';

// The settings are the last argument.
scenario(JSON.parse(process.argv.at(-1))).then((outcome) => console.log(JSON.stringify(outcome)));
