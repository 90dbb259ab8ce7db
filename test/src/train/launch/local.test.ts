import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAUNCHER_CHECKS } from '@onnx-forge/train/conformance';
import { LocalLauncher } from '@onnx-forge/train/launch';
import { expect } from 'chai';
import { skip } from '../../mocha/skip.js';
import { inTemporaryFolder } from '../tiny.js';

describe('LocalLauncher', () => {
  for (const [name, check] of Object.entries(LAUNCHER_CHECKS)) {
    it(name, function () {
      this.timeout(120_000);
      return inTemporaryFolder((folder) =>
        check({ folder, make: () => new LocalLauncher({ folder: join(folder, 'jobs'), processes: 4 }) }),
      );
    });
  }

  it('ends a job that uses more memory than it may', async function () {
    if (process.platform !== 'linux') skip(this, 'only Linux tells how much memory a process uses');
    this.timeout(60_000);
    await inTemporaryFolder(async (folder) => {
      const launcher = new LocalLauncher({ folder: join(folder, 'jobs') });
      const script = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(30e6, 1)), 50)';
      const argv = [process.execPath, '-e', script];
      const ids = await launcher.submit([{ name: 'greedy', argv, folder, needs: { threads: 1, memoryMb: 250 } }]);
      let [state] = await launcher.states(ids);
      while (state!.state === 'running') {
        await sleep(50);
        [state] = await launcher.states(ids);
      }
      expect(state!.state).to.equal('failed');
      expect(JSON.stringify(state)).to.match(/used \d+ MB of memory, more than 250/);
    });
  });
});
