import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { probeDevices } from '@onnx-forge/infer';
import { expect } from 'chai';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';
import './webgpu.js';
import { skip } from '../mocha/skip.js';

const SCRIPT = fileURLToPath(new URL('repeated-load.js', import.meta.url));

/** (In browsers: see browser.test.ts.) */
describe('infer: a run loaded and disposed 200 times', () => {
  const folders = new TemporaryFolders();
  after(() => folders.remove());

  for (const device of ['cpu', 'cuda', 'webgpu'] as const) {
    it(`leaves resident memory as it was, on ${device}`, async function () {
      // `auto`: graphics adapters in software take a minute.
      const { auto, reason } = (await probeDevices()).find((report) => report.device === device)!;
      if (!auto) skip(this, reason!);
      const folder = folders.make();
      writeRun(folder, linearGaussianRun());
      const times = ['60', '260']; // allocators and compilers have settled after the first 60
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', SCRIPT, folder, device, ...times]);
      const [before, after] = JSON.parse(stdout) as [number, number];
      expect(after / before, `${before} bytes became ${after}`).to.be.at.most(1.1);
    });
  }
});
