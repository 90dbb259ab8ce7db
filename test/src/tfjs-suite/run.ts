/**
 * tfjs-core's suite on one backend, for development:
 * `node test/dist/tfjs-suite/run.js --backend onnx --grep conv2d`
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runSuite } from './runner.js';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'onnx' },
    grep: { type: 'string' },
    shards: { type: 'string', default: '1' },
    kernels: { type: 'boolean', default: false },
    json: { type: 'string' },
    slowest: { type: 'string', default: '0' },
    stack: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const start = performance.now();
const { backend, grep, kernels, verbose } = values;
const { specs, suiteFailures } = await runSuite({ backend, grep, kernels, verbose, shards: Number(values.shards) });
if (values.json) await writeFile(values.json, JSON.stringify({ backend, specs, suiteFailures }, null, 1));

for (const { name, message } of suiteFailures) console.log(`SUITE ${name}\n  ${message}`);
const failed = specs.filter((spec) => spec.status === 'failed');
for (const { name, message, stack } of failed) {
  console.log(`FAIL ${name}\n  ${values.stack ? (stack ?? message) : message}`);
}
const byTime = specs.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, Number(values.slowest));
for (const { name, milliseconds } of byTime) console.log(`${String(milliseconds).padStart(7)} ms  ${name}`);
const count = (status: string) => specs.filter((spec) => spec.status === status).length;
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(`${backend}: ${count('passed')} / ${specs.length} passed, ${count('pending')} pending, ${seconds} s`);
process.exitCode = failed.length + suiteFailures.length > 0 ? 1 : 0;
