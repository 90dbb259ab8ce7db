const { writeFileSync } = require('node:fs');

test('the scenario', async () => {
  const { scenario } = require('./scenario.js');
  writeFileSync('outcome.json', JSON.stringify(await scenario(JSON.parse(process.env.SETTINGS))));
}, 30_000);
