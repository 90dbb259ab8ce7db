import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadManifest } from '@onnx-forge/infer';
import { type Recipe, type TrainEvent, type TrainRequest, tf, train } from '@onnx-forge/train';
import { sequential } from '@onnx-forge/train/layers';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { assert } from 'chai';
import { FormFile, formCacheFile } from '../../../packages/train/dist/engine/form-cache.js';
import { rejection } from './rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from './tiny.js';

/** The tiny recipe with convolutions in its encoder. */
const recipe: Recipe = {
  ...tinyRecipe,
  nets: (options, init, facts) => {
    const encoder = sequential([
      tf.layers.reshape({ inputShape: [16], targetShape: [4, 4, 1] }),
      tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', kernelInitializer: init.glorotUniform() }),
      tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, kernelInitializer: init.glorotUniform() }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 * Number(options.latentDim), kernelInitializer: init.glorotUniform() }),
    ]);
    return { ...tinyRecipe.nets(options, init, facts), encoder };
  },
};

/** Few iterations of it; returns what was noticed. */
async function run(request: Partial<TrainRequest> & { out: string }): Promise<string[]> {
  const notices: string[] = [];
  const onEvent = (event: TrainEvent): void => {
    if (event.type === 'notice') notices.push(event.text);
  };
  const quick = { evaluate: false, figures: false, device: 'cpu', threads: 1 } as const;
  await train({ recipe, data: tinyData(), maxSteps: 3, ...quick, onEvent, ...request });
  return notices;
}

async function formsOf(out: string): Promise<Record<string, string>> {
  return (await loadManifest(out)).forms as Record<string, string>;
}

/** Every number of the state, as bytes. */
async function bits(out: string): Promise<string> {
  const { state } = (await loadCheckpoint(out))!;
  return Object.entries(state)
    .map(
      ([name, { data }]) => `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`,
    )
    .join('\n');
}

describe('forms of a training', () => {
  it('stand in the manifest, and a resumed run keeps them, to the last bit', async () => {
    await inTemporaryFolder(async (folder) => {
      const at = (name: string): string => join(folder, name);
      await run({ out: at('default') });
      const estimated = await formsOf(at('default'));
      assert.isNotEmpty(estimated);
      const forms = Object.fromEntries(Object.keys(estimated).map((site) => [site, 'convolution']));
      await run({ out: at('whole'), forms });
      assert.deepEqual(await formsOf(at('whole')), forms);
      assert.notEqual(await bits(at('whole')), await bits(at('default')), 'the forms must round otherwise');

      await run({ out: at('parts'), forms, maxSteps: 1 });
      await run({ out: at('parts'), resume: true, forms: 'default' });
      assert.deepEqual(await formsOf(at('parts')), forms);
      assert.equal(await bits(at('parts')), await bits(at('whole')));

      assert.deepEqual(await run({ out: at('again'), forms: at('whole/manifest.json') }), []);
      assert.equal(await bits(at('again')), await bits(at('whole')));
    });
  });

  it('are refused from a file that has none, and noticed where the steps have other shapes', async () => {
    await inTemporaryFolder(async (folder) => {
      const [out, file] = [join(folder, 'run'), join(folder, 'forms.json')];
      await writeFile(file, '{"form": {}}');
      const error = await rejection(() => run({ out, forms: file }));
      assert.match(
        error.message,
        /forms are 'default', 'measured', or a file .*forms\.json can't be read as one: it has no 'forms'/,
      );
      const eager = await rejection(() => run({ out, forms: 'measured', engine: 'eager' }));
      assert.match(eager.message, /the eager engine has no forms/);
      const notices = await run({ out, forms: { 'filter-gradient of nothing here': 'taps' }, maxSteps: 1 });
      assert.deepEqual(notices, ['1 of 1 given forms are of operations or shapes that these steps do not have']);
    });
  });
});

describe('the file of measured forms', () => {
  const measured = { 'an operation': { form: 'taps', ms: { taps: 1, 'side-by-side': 2 } } };

  it('keeps what was measured, by conditions', async () => {
    await inTemporaryFolder(async (folder) => {
      const file = new FormFile(join(folder, 'deep', 'forms.json'), (text) => assert.fail(text));
      assert.deepEqual(await file.read('two threads'), {});
      await file.add('two threads', measured);
      await file.add('one thread', { other: { form: 'convolution', ms: {} } });
      assert.deepEqual(await file.read('two threads'), measured);
      assert.deepEqual(Object.keys(await file.read('one thread')), ['other']);
    });
  });

  for (const [name, text] of [
    ['half of itself', '{"format": 1, "mach'],
    ['of a later format', '{"format": 2, "machines": {}}'],
    ['something else', '[]'],
  ] as const) {
    it(`is ignored with one line, and left as it is, when it is ${name}`, async () => {
      await inTemporaryFolder(async (folder) => {
        const path = join(folder, 'forms.json');
        await writeFile(path, text);
        const notices: string[] = [];
        const file = new FormFile(path, (notice) => notices.push(notice));
        assert.deepEqual(await file.read('two threads'), {});
        await file.add('two threads', measured);
        assert.lengthOf(notices, 1);
        assert.match(notices[0]!, /forms\.json is ignored, delete it to have it written anew: /);
        assert.notInclude(notices[0], '\n');
        assert.equal(await readFile(path, 'utf8'), text);
      });
    });
  }

  it('need be neither readable nor writable', async () => {
    await inTemporaryFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      const notices: string[] = [];
      const file = new FormFile(join(folder, 'file', 'forms.json'), (notice) => notices.push(notice));
      assert.deepEqual(await file.read('two threads'), {});
      await file.add('two threads', measured);
      assert.lengthOf(notices, 1);
    });
  });

  it('lies where the environment says, or nowhere', () => {
    const { ONNX_FORGE_FORMS: before } = process.env;
    try {
      process.env.ONNX_FORGE_FORMS = 'off';
      assert.isUndefined(formCacheFile());
      process.env.ONNX_FORGE_FORMS = '/tmp/forms.json';
      assert.equal(formCacheFile(), '/tmp/forms.json');
      delete process.env.ONNX_FORGE_FORMS;
      assert.match(formCacheFile()!, /onnx-forge.forms\.json$/);
    } finally {
      if (before === undefined) delete process.env.ONNX_FORGE_FORMS;
      else process.env.ONNX_FORGE_FORMS = before;
    }
  });
});
