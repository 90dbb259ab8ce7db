import { compileStep, exportOnnx, SignatureError, type StepDefinition, tf, verify } from '@onnx-forge/export';
import { ForgeError, Random } from '@onnx-forge/infer';
import { assert } from 'chai';

/** Something that traces the user's code, and what of the user's it could harm. */
interface Subject {
  readonly run: () => Promise<unknown>;
  readonly layers?: readonly tf.layers.Layer[];
  readonly optimizer?: tf.Optimizer;
  /** A part of the user's program: its numbers. */
  readonly use?: () => readonly number[];
  /** Fail at every so many kernels only, to save time; default 1. */
  readonly stride?: number;
  /** The error it fails with, if not the exception at the kernel; undefined: it may go on at other sizes. */
  readonly error?: (new (message: string) => Error) | undefined;
}

const seeded = (seed: number) => tf.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed });
const recurrent = { kernelInitializer: seeded(1), recurrentInitializer: seeded(2), biasInitializer: seeded(3) };

/** A step as users write it, with the optimizer's own gradients. */
function stepOf(model: tf.LayersModel, optimizer: tf.Optimizer): StepDefinition['step'] {
  const loss = (x: tf.Tensor): tf.Scalar => (model.apply(x, { training: true }) as tf.Tensor).square().mean();
  return ({ x }) => ({ loss: optimizer.minimize(() => loss(x!), true)! });
}

const training = (model: tf.LayersModel, optimizer: tf.Optimizer, shape: readonly number[]) => ({
  layers: model.layers,
  optimizer,
  use: () => {
    const prediction = tf.tidy(() => [...(model.predict(tf.ones([...shape])) as tf.Tensor).dataSync()]);
    return prediction;
  },
});

/** Compiles a step. */
function compiled(model: tf.LayersModel, optimizer: tf.Optimizer, shape: readonly number[]): Subject {
  const definition = { inputs: { x: { shape } }, step: stepOf(model, optimizer) };
  const run = async (): Promise<void> => {
    const result = await compileStep(definition, { device: 'cpu', random: new Random(1) });
    await result.dispose();
  };
  return { ...training(model, optimizer, shape), run, stride: 37 };
}

/** Takes a step for a function to export, which it is not in the end. */
function refused(model: tf.LayersModel, optimizer: tf.Optimizer, shape: readonly number[]): Subject {
  const f = (inputs: Record<string, tf.Tensor>) => stepOf(model, optimizer)(inputs, {} as never);
  const run = async () => exportOnnx(f, { inputs: { x: { shape } } });
  return { ...training(model, optimizer, shape), run, stride: 5 };
}

function inference(model: tf.LayersModel): Subject {
  const [input] = model.inputs as [tf.SymbolicTensor];
  return {
    run: async () => exportOnnx(model),
    layers: model.layers,
    use: () => tf.tidy(() => [...(model.predict(tf.ones(input.shape.map((n) => n ?? 2))) as tf.Tensor).dataSync()]),
  };
}

const dense = (units: number, batchInputShape?: (number | null)[]): tf.layers.Layer =>
  tf.layers.dense({ units, kernelInitializer: seeded(4), ...(batchInputShape && { batchInputShape }) });
const withBatchNorm = (batch: number | null = 2): tf.Sequential =>
  tf.sequential({ layers: [dense(2, [batch, 2]), tf.layers.batchNormalization(), dense(1)] });
const stateful = (kind: 'lstm' | 'gru' | 'simpleRNN'): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers[kind]({ units: 2, stateful: true, dropout: 0.5, batchInputShape: [1, 2, 2], ...recurrent } as never),
    ],
  });

const SUBJECTS: Record<string, () => Subject> = {
  'a model with batch normalisation': () => inference(withBatchNorm()),
  'a model of any batch size': () => ({ ...inference(withBatchNorm(null)), stride: 97 }),
  'a stateful LSTM': () => ({ ...inference(stateful('lstm')), stride: 3 }),
  'a stateful GRU': () => ({ ...inference(stateful('gru')), stride: 2 }),
  'a stateful bidirectional RNN': () => {
    const layer = tf.layers.simpleRNN({ units: 2, stateful: true, ...recurrent });
    const twoWay = tf.layers.bidirectional({ layer, mergeMode: 'sum', batchInputShape: [1, 2, 2] });
    return inference(tf.sequential({ layers: [twoWay] }));
  },
  'a function that disposes what it did not make': () => {
    const [table, weight] = [tf.tensor1d([1, 2]), tf.variable(tf.tensor1d([3, 4]), false)];
    const f = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
      const y = tf.tidy(() => tf.tidy(() => tf.keep(x!.mul(table))).add(weight));
      table.dispose();
      weight.dispose();
      return { y: tf.grad((z) => z.square().mul(y).sum())(y) };
    };
    return {
      run: async () => exportOnnx(f, { inputs: { x: { shape: [3, 2] } } }),
      use: () => [...table.dataSync(), ...weight.dataSync()],
    };
  },
  'a function that makes a variable at each call': () => ({
    run: async () => {
      const f = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
        const made = tf.variable(tf.ones([2]));
        const y = x!.add(made).exp();
        made.dispose();
        return { y };
      };
      exportOnnx(f, { inputs: { x: { shape: [3, 2] } } });
    },
  }),
  'a layer that is built in the function': () => {
    const layer = dense(2);
    return { run: async () => failingLate(layer), layers: [layer] };
  },
  'a step with batch normalisation and Adam': () => refused(withBatchNorm(), tf.train.adam(0.1), [2, 2]),
  'a step with a momentum optimizer': () => refused(withBatchNorm(), tf.train.momentum(0.1, 0.9), [2, 2]),
  'a step with RMSProp': () => refused(withBatchNorm(), tf.train.rmsprop(0.1), [2, 2]),
  'a step with a stateful RNN': () => refused(stateful('simpleRNN'), tf.train.sgd(0.1), [1, 2, 2]),
  'a compiled step with Adam': () => compiled(withBatchNorm(), tf.train.adam(0.1), [2, 2]),
  'a compiled step with Adagrad': () => compiled(withBatchNorm(), tf.train.adagrad(0.1), [2, 2]),
  'an async step': () => {
    const weight = tf.variable(tf.scalar(2));
    const step = async ({ x }: Record<string, tf.Tensor>): Promise<Record<string, tf.Tensor>> => {
      const loss = x!.mul(weight).square().mean();
      weight.assign(tf.scalar(5));
      await Promise.resolve();
      return { loss: loss.add(weight) };
    };
    const definition = { inputs: { x: { shape: [2] } }, step } as unknown as StepDefinition;
    return {
      run: () => compileStep(definition, { device: 'cpu', random: new Random(1) }),
      use: () => [...weight.dataSync()],
      error: SignatureError,
    };
  },
  'a recurrent layer over sequences of any length': () => {
    const layer = tf.layers.gru({ units: 2, dropout: 0.5, batchInputShape: [1, null, 2], ...recurrent } as never);
    return { ...inference(tf.sequential({ layers: [layer] })), stride: 499 };
  },
  verification: () => {
    const model = stateful('gru');
    const exported = exportOnnx(model);
    return { ...inference(model), run: () => verify(exported, model), error: undefined, stride: 7 };
  },
};

/** Builds a layer, and fails in the end. */
function failingLate(layer: tf.layers.Layer): unknown {
  const f = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
    const y = layer.apply(x!) as tf.Tensor;
    return { y: y.mul(y.dataSync()[0]!) };
  };
  return exportOnnx(f, { inputs: { x: { shape: [3, 2] } } });
}

/** All of tfjs and of the user's objects that a trace has its hands on. */
function world({ layers = [], optimizer }: Subject): Record<string, unknown> {
  const engine = tf.engine();
  const { state } = engine;
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  const variables = Object.values(state.registeredVariables);
  return {
    backend: tf.getBackend(),
    numTensors,
    numDataBuffers,
    numBytes,
    scopes: [...state.scopeStack],
    scope: state.activeScope ?? null,
    depth: [state.gradientDepth, state.kernelDepth],
    tape: state.activeTape ?? null,
    variables: Object.keys(state.registeredVariables),
    disposed: variables.filter(({ isDisposed }) => isDisposed),
    dataIds: variables.map(({ dataId }) => dataId),
    values: variables.map((variable) => [...variable.dataSync()]),
    layers: layers.flatMap(insideOf).map(fieldsOf),
    optimizer: optimizer && fieldsOf(optimizer),
    kernels: tf.getKernelsForBackend('cpu').length,
    backends: Object.keys(engine.registryFactory),
    methods: [
      engine.makeVariable,
      engine.disposeTensor,
      ...[tf.layers.Layer, tf.RNN].flatMap(({ prototype }) => [prototype.apply, prototype.call]),
      ...[tf.AdamOptimizer, tf.SGDOptimizer, tf.MomentumOptimizer, tf.RMSPropOptimizer].map(
        ({ prototype }) => prototype.applyGradients,
      ),
    ],
  };
}

function insideOf(layer: tf.layers.Layer): tf.layers.Layer[] {
  const inner = Object.values(layer).filter((value) => value instanceof tf.layers.Layer);
  return [layer, ...inner.flatMap(insideOf)];
}

/** Tensors with their numbers, lists with their entries, all else as it is. */
function fieldsOf(object: object): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (value instanceof tf.Tensor) return value.isDisposed ? 'disposed' : [value.dataId, ...value.dataSync()];
    return Array.isArray(value) ? value.map(plain) : value;
  };
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, plain(value)]));
}

function assertSame(after: Record<string, unknown>, before: Record<string, unknown>, where: string): void {
  for (const [name, value] of Object.entries(before)) {
    const [now, then] = [[after[name]].flat(), [value].flat()];
    assert.strictEqual(now.length, then.length, `${where}: ${name}`);
    for (const [i, one] of then.entries()) {
      if (typeof one === 'object' && one !== null) assert.isTrue(equal(now[i], one), `${where}: ${name} ${i}`);
      else assert.strictEqual(now[i], one, `${where}: ${name} ${i}`);
    }
  }
}

/** Lists and records by their entries, all else by identity. */
function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  const plain = (value: unknown): value is Record<string, unknown> =>
    Array.isArray(value) ||
    (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);
  if (!plain(a) || !plain(b)) return false;
  const keys = Object.keys(b);
  return Object.keys(a).length === keys.length && keys.every((key) => key in a && equal(a[key], b[key]));
}

/** One of the project's own errors: others are taken for a size that the function does not take. */
class Injected extends ForgeError {
  constructor() {
    super('injected', 'fails here');
  }
}

/** Runs `f` with an exception at the k-th kernel: before it runs, or after it, where the user's code goes on. */
async function failingAt(k: number, when: 'before' | 'after', f: () => Promise<unknown>): Promise<Failure> {
  const engine = tf.engine();
  const { runKernel } = engine;
  let count = 0;
  engine.runKernel = ((...args: Parameters<typeof runKernel>) => {
    const fails = ++count === k;
    if (fails && when === 'before') throw new Injected();
    const result = runKernel.apply(engine, args); // may run others
    if (fails) throw new Injected();
    return result;
  }) as typeof runKernel;
  try {
    await f();
    return { kernels: count };
  } catch (error) {
    return { error, kernels: count };
  } finally {
    delete (engine as Partial<typeof engine>).runKernel;
  }
}

interface Failure {
  readonly error?: unknown;
  /** How many kernels there were. */
  readonly kernels: number;
}

describe('a trace that fails', () => {
  before(() => tf.setBackend('cpu'));

  for (const [name, make] of Object.entries(SUBJECTS)) {
    for (const when of ['before', 'after'] as const) {
      it(`leaves everything as it was: ${name}, ${when} a kernel`, async () => {
        const subject = make();
        // A recurrent layer has a state by now, one that is not zero.
        subject.use?.();
        const before = world(subject);
        const { stride = 1 } = subject;
        for (let k = 1; ; k += stride) {
          const { error, kernels } = await failingAt(k, when, subject.run);
          if (kernels < k) {
            // A step that is compiled has made its optimizer's slots.
            if (!subject.optimizer) assertSame(world(subject), before, 'in the end');
            break;
          }
          const { error: expected } = { error: Injected, ...subject };
          if (expected) assert.instanceOf(error, expected, `kernel ${k}`);
          assertSame(world(subject), before, `kernel ${k}`);
        }
        // What the user's program does next is what it would have done.
        if (subject.use) {
          const untraced = make();
          untraced.use!();
          assert.deepEqual(subject.use(), untraced.use!());
        }
      });
    }
  }
});
