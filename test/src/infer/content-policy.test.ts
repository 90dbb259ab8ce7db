import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Counts attempts to compile code while infer is loaded, and afterwards those of an app's own schema. */
const COUNT = `
let attempts = 0;
globalThis.Function = new Proxy(Function, { construct: (...args) => (attempts++, Reflect.construct(...args)) });
await import('@onnx-forge/infer');
const loading = attempts;
const { z } = await import('zod');
z.object({ a: z.string() }).parse({ a: '' });
console.log(JSON.stringify({ loading, own: attempts > loading }));`;

describe('a strict content policy', () => {
  it('has nothing to report when infer is loaded, and schemas of the app are compiled as ever', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', COUNT], {
      cwd: import.meta.dirname,
    });
    expect(JSON.parse(stdout)).to.deep.equal({ loading: 0, own: true });
  });
});
