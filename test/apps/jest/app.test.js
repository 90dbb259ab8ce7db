import { writeFileSync } from 'node:fs';
import { scenario } from './scenario.js';

test('the scenario', async () => {
  writeFileSync('outcome.json', JSON.stringify(await scenario(JSON.parse(process.env.SETTINGS))));
}, 30_000);
