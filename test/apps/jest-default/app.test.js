const { writeFileSync } = require('node:fs');

test('the scenario', async () => {
  writeFileSync('outcome.json', JSON.stringify(await outcome(JSON.parse(process.env.SETTINGS))));
}, 30_000);

async function outcome(settings) {
  try {
    require('@onnx-forge/infer');
    return await require('./scenario.js').scenario(settings);
  } catch ({ name, code, message }) {
    return { results: [], error: { name, code: code ?? 'jest', message: message.trim().split('\n')[0] } };
  }
}
