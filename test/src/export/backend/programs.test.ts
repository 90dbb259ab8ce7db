import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert } from 'chai';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** A program on the onnx backend with a chain of products that nobody has read. */
const BEGINNING = `
  const { registerOnnxBackend, tf } = await import('@onnx-forge/export');
  registerOnnxBackend({ smallest: 0, opening: 0 });
  await tf.setBackend('onnx');
  const x = tf.randomNormal([120, 120]);
  let y = x;
  const chain = (n) => { for (let i = 0; i < n; i++) y = y.matMul(x).tanh(); };
  chain(20);
`;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly error: string;
}

/** Runs a program in a process of its own until it ends by itself. */
function run(program: string): Promise<Ended> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT });
  let [out, error] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (error += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), 90_000);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, out, error });
    });
  });
}

describe('programs on the onnx backend', function () {
  this.timeout(120_000);

  it('end by themselves, whether or not their work was read', async () => {
    for (const end of ['', 'await y.data(); chain(3); y.data(); x.square().dataSync(); chain(3);']) {
      const { code, signal, out } = await run(`${BEGINNING}${end} console.log('the end');`);
      assert.deepEqual([code, signal, out.trim().split('\n').at(-1)], [0, null, 'the end'], end);
    }
  });

  it('may call process.exit while graphs run', async () => {
    const { code, signal } = await run(`${BEGINNING} y.dataSync(); chain(1500); y.data(); process.exit(3);`);
    assert.deepEqual([code, signal], [3, null]);
  });

  it('fail with their own errors', async () => {
    const thrown = await run(`${BEGINNING} y.data(); throw new TypeError('my own error');`);
    assert.deepEqual([thrown.code, thrown.signal], [1, null]);
    assert.match(thrown.error, /^TypeError: my own error$/m);
    const rejected = await run(`${BEGINNING} y.data().then(() => { throw new RangeError('in a then'); });`);
    assert.deepEqual([rejected.code, rejected.signal], [1, null]);
    assert.match(rejected.error, /^RangeError: in a then$/m);
  });

  it('are told in one line that the memory does not suffice, and go on', async () => {
    const big = 'tf.ones([8e6, 1]).matMul(tf.ones([1, 8e6])).sum()';
    const { out, code } = await run(
      `${BEGINNING} y.dataSync(); try { ${big}.dataSync(); } catch (e) { console.log(e.code + ': ' + e.message); }
       console.log('y', y.square().dataSync().length);`,
    );
    assert.match(
      out,
      /^graph-run: not enough memory for a tensor of \d+\.\d GiB, which tfjs code on the onnx backend needs$/m,
    );
    assert.match(out, /^y 14400$/m);
    assert.equal(code, 0);
  });

  it('may be worker threads, several of them', async () => {
    const worker = `${BEGINNING}
      const { parentPort } = await import('node:worker_threads');
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      const { history } = await model.fit(tf.ones([8, 4]), tf.ones([8, 3]), { epochs: 3, verbose: 0 });
      parentPort.postMessage(history.loss.length + y.dataSync().length);
      chain(3);
    `;
    const { code, out } = await run(`
      import { Worker } from 'node:worker_threads';
      for (const n of [1, 2]) {
        const thread = new Worker(${JSON.stringify(`(async () => { ${worker} })()`)}, { eval: true });
        thread.on('message', (message) => console.log('message', message));
        thread.on('exit', (code) => console.log('exit', code));
      }
    `);
    assert.deepEqual(out.match(/^(message|exit) \d+$/gm)?.sort(), [
      'exit 0',
      'exit 0',
      'message 14403',
      'message 14403',
    ]);
    assert.equal(code, 0);
  });

  it('end the thread of graphs with tf.removeBackend', async function () {
    if (process.platform !== 'linux') this.skip();
    const { out } = await run(`${BEGINNING}
      const { readdirSync } = await import('node:fs');
      const threads = () => readdirSync('/proc/self/task').length;
      await tf.setBackend('cpu');
      for (let round = 0; round < 4; round++) {
        await tf.setBackend('onnx');
        x.square().dataSync();
        const during = threads();
        await tf.setBackend('cpu');
        tf.removeBackend('onnx');
        registerOnnxBackend({ smallest: 0, opening: 0 });
        const end = Date.now() + 5000;
        while (threads() >= during && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
        console.log('threads', threads() < during, process.listenerCount('exit'));
      }
    `);
    const rounds = out.match(/^threads .*$/gm)!;
    assert.lengthOf(rounds, 4);
    assert.deepEqual([...new Set(rounds.slice(1))], [rounds[1]]);
    assert.match(rounds[1]!, /true/);
  });
});
