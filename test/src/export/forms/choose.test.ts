import { compileTraining, type FormCache, type FormTable, type MeasuredForm, stepModels, tf } from '@onnx-forge/export';
import { type ComputeDevice, openDevice, Random } from '@onnx-forge/infer';
import { assert } from 'chai';
import { measureForms } from '../../../../packages/export/dist/forms/measure.js';
import { binary, scalar, unary } from '../../../../packages/export/dist/graph/build.js';
import type { Site } from '../../../../packages/export/dist/graph/form.js';

const SITE = 'filter-gradient x=2,6,6,4 dw=3,3,4,4 output=6,6 strides=1,1 before=1,1';

/** A step with one convolution of images. */
function definition() {
  const filter = tf.variable(tf.fill([3, 3, 4, 4], 0.1));
  const optimizer = tf.train.sgd(0.1);
  return {
    inputs: { x: { shape: [2, 6, 6, 4] } },
    step: ({ x }: Record<string, tf.Tensor>) => {
      const loss = () => tf.mean(tf.square(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor as tf.Tensor4D, 1, 'same')));
      return { loss: optimizer.minimize(loss as () => tf.Scalar, true, [filter])! };
    },
  };
}

function memory(known: Readonly<Record<string, MeasuredForm>> = {}): FormCache & { readonly added: string[] } {
  const added: string[] = [];
  return {
    added,
    read: async () => known,
    add: async (conditions, measured) => {
      added.push(conditions, ...Object.keys(measured));
    },
  };
}

const compile = (forms: 'default' | 'measured' | FormTable, formCache: FormCache = memory()) =>
  compileTraining({ step: definition() }, { device: 'cpu', threads: 1, random: new Random(1), forms, formCache });

describe('the form of an operation that has several', () => {
  before(() => tf.setBackend('cpu'));

  it('is the estimate, unless something else is asked for', async () => {
    await using training = await compile('default');
    assert.deepEqual(training.forms, { [SITE]: 'side-by-side' });
  });

  it('is that of a table, in the graph too', async () => {
    await using training = await compile({ [SITE]: 'convolution', 'filter-gradient of another step': 'taps' });
    assert.deepEqual(training.forms, { [SITE]: 'convolution' });
    const bytes = (forms: FormTable): Buffer => Buffer.from(stepModels({ step: definition() }, { forms }).step!.bytes);
    assert.isFalse(bytes({}).equals(bytes({ [SITE]: 'taps' })));
    assert.isTrue(bytes({}).equals(bytes({ [SITE]: 'side-by-side' })));
    const { loss } = await training.run('step', { x: new Float32Array(2 * 6 * 6 * 4).fill(1) });
    assert.isAbove(loss!, 0);
  });

  it('is refused if the operation does not have it', async () => {
    const error = await compile({ [SITE]: 'magic' }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    assert.match(error!.message, /no form 'magic' of filter-gradient .*: it has side-by-side, taps/);
    const other = await compile('fastest' as 'default').then(
      () => undefined,
      (reason: Error) => reason,
    );
    assert.match(other!.message, /'default', 'measured', or a table/);
  });

  it('is what the cache knows', async () => {
    const cache = memory({ [SITE]: { form: 'taps', ms: {} } });
    await using training = await compile('measured', cache);
    assert.deepEqual(training.forms, { [SITE]: 'taps' });
    assert.deepEqual(cache.added, []);
  });

  it('is not what the cache has of another version', async () => {
    await using training = await compile('measured', memory({ [SITE]: { form: 'magic', ms: {} } }));
    assert.include(['side-by-side', 'taps', 'convolution', 'side-by-side-halves', 'taps-halves'], training.forms[SITE]);
  });

  it('is the estimate when there is no time for trials', async () => {
    const options = { device: 'cpu', threads: 1, random: new Random(1), forms: 'measured', formBudgetMs: 0 } as const;
    const cache = memory();
    await using training = await compileTraining({ step: definition() }, { ...options, formCache: cache });
    assert.deepEqual(training.forms, { [SITE]: 'side-by-side' });
    assert.deepEqual(cache.added, []);
  });
});

/** One operation in three forms; `wrong` computes something else. */
const CHAIN: Site = {
  name: 'a chain',
  operands: [[8]],
  forms: {
    usual: (x) => unary('Abs', x!),
    other: (x) => unary('Abs', unary('Neg', x!)),
    wrong: (x) => binary('Mul', unary('Abs', x!), scalar(2, 'float32')),
  },
  expected: 'usual',
  work: 1,
};

describe('trials of forms', () => {
  /** The outcome of trials when runs of a form take these times in turn, by a clock that nothing else moves. */
  async function trial(times: Readonly<Record<string, readonly number[]>>): Promise<MeasuredForm | undefined> {
    await using device = await openDevice({ device: 'cpu', threads: 1 });
    let now = 0;
    const timed: ComputeDevice = {
      ...{ device: device.device, refused: [], dispose: async () => {}, [Symbol.asyncDispose]: async () => {} },
      async open(bytes, options) {
        const session = await device.open(bytes, options);
        const list = times[options!.name!.split(' ')[0]!]!;
        let runs = 0;
        const run: typeof session.run = (feeds) => {
          now += list[runs++ % list.length]!;
          return session.run(feeds);
        };
        return Object.assign(Object.create(session), { run, dispose: () => session.dispose() });
      },
    };
    const measured = await measureForms(timed, [CHAIN], { dialect: {}, budgetMs: 10_000, clock: () => now });
    return measured[CHAIN.name];
  }

  it('take the fastest, and leave out one with other numbers', async () => {
    const measured = await trial({ usual: [10], other: [8], wrong: [1] });
    assert.deepEqual(measured, { form: 'other', ms: { usual: 10, other: 8 } });
  });

  it('keep the expected form unless another wins by its shortest run and by its median', async () => {
    assert.equal((await trial({ usual: [10], other: [9.8], wrong: [1] }))?.form, 'usual');
    assert.equal((await trial({ usual: [10], other: [1, 11, 11], wrong: [1] }))?.form, 'usual');
    assert.equal((await trial({ usual: [10], other: [30], wrong: [1] }))?.form, 'usual');
  });

  it('decide nothing while other programs take the time', async () => {
    assert.isUndefined(await trial({ usual: [10, 40, 40], other: [8], wrong: [1] }));
  });
});
