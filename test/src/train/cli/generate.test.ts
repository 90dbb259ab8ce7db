import { expect } from 'chai';
import { complaints, inFolder, onnxForge } from './onnx-forge.js';

const TINY = '--set layers=1 heads=1 width=8 blockSize=32 --no-evaluate --no-figures --device cpu';

describe('onnx-forge generate', () => {
  it('goes on from a prompt, the same for the same seed, and says in one line what it can not go on from', async () => {
    await inFolder(async (folder) => {
      const trained = await onnxForge(`train transformer --max-steps 3 ${TINY} --out run`, folder);
      expect(trained.code, trained.stderr).to.equal(0);
      expect(trained.stdout).to.include('onnx-forge generate run');
      const args = ['generate', 'run', '--prompt', 'QUEEN:\\n', '--length', '40', '--top-k', '20', '--seed', '2'];
      const { code, stdout } = await onnxForge([...args, '--json'], folder);
      expect(code).to.equal(0);
      const { prompt, text, ...facts } = JSON.parse(stdout) as Record<string, string | number>;
      expect(prompt).to.equal('QUEEN:\n');
      expect(text).to.have.length(40);
      expect(facts).to.include({ length: 40, topK: 20, temperature: 1, seed: 2 });
      expect((await onnxForge(args, folder)).stdout).to.equal(`QUEEN:\n${text}\n`);

      const wrong = await onnxForge(['generate', 'run', '--prompt', 'naïve'], folder);
      expect([wrong.code, complaints(wrong).length]).to.deep.equal([1, 1]);
      expect(wrong.stderr).to.include('the prompt has "ï", which run has never seen');
      const empty = await onnxForge(['generate', 'run', '--prompt', ''], folder);
      expect([empty.code, complaints(empty).length]).to.deep.equal([1, 1]);
      const cold = await onnxForge('generate run --temperature 0', folder);
      expect([cold.code, complaints(cold)[0]]).to.deep.equal([
        2,
        "onnx-forge: --temperature must be a number above 0, not '0'; see 'onnx-forge generate --help'",
      ]);
    });
  });
});
