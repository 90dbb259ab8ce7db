import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '@onnx-forge/infer';
import { expect } from 'chai';
import { ShardFolder } from '../../../../packages/train/dist/shards/folder.js';
import { rejection } from '../rejects.js';
import { inTemporaryFolder } from '../tiny.js';

const MANIFEST = new URL('../../../../models/pretrained/vae-2d/manifest.json', import.meta.url);

describe('a shard whose file is damaged', () => {
  it('is refused in one line that says what is wrong', async () => {
    await inTemporaryFolder(async (run) => {
      const { graphs, data } = parseManifest(await readFile(MANIFEST, 'utf8'));
      const plan = { split: 'test', examples: 5, samples: 4, seed: 1, shards: 2 } as const;
      const folder = new ShardFolder(run, { graphs, data }, plan);
      const values = Float64Array.of(-80.5, Number.NaN, Number.NEGATIVE_INFINITY);
      const estimates = { values, effectiveSampleSizes: values, paretoKs: values, bounds: values, errors: values };
      const unused = { standardError: 1, bound: -81, samples: 4, seed: 1, estimator: 'importance' } as const;
      await folder.write(1, { ...estimates, mean: -80.5, ...unused });
      expect((await folder.read(1)).values).to.deep.equal(values);
      const path = join(folder.path, (await readdir(folder.path))[0]!);
      const text = await readFile(path, 'utf8');
      const json = JSON.parse(text) as object;
      const damaged: [string, string][] = [
        [text.slice(0, 50), 'it is not JSON'],
        ['[]', 'it must be an object, not []'],
        [JSON.stringify({ ...json, mean: undefined }), 'mean is missing: it must be a number'],
        [JSON.stringify({ ...json, errors: 'AAAA' }), 'errors: 3 bytes are no float64 numbers'],
        [JSON.stringify({ ...json, bounds: 'AAAAAAAAAAA=' }), 'bounds has 1 examples and not 3'],
      ];
      for (const [content, fault] of damaged) {
        await writeFile(path, content);
        const { message } = await rejection(() => folder.read(1));
        expect(message).to.equal(`${path} is no result of a shard (${fault}): delete it`);
      }
    });
  });
});
