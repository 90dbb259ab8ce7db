const { scenario } = require('./scenario.js');

scenario(JSON.parse(process.argv.at(-1))).then((outcome) => console.log(JSON.stringify(outcome)));
