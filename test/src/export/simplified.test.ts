import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CompiledTraining,
  compileStep,
  type Dialect,
  type StepDefinition,
  stepModels,
  tf,
} from '@onnx-forge/export';
import { Random, sizeOf } from '@onnx-forge/infer';
import { assert } from 'chai';
import onnxProto from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';

type Tensors = Record<string, tf.Tensor>;

interface Subject {
  readonly name: string;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Given numbers; uniform ones in (-1, 1) for the other inputs. */
  readonly values?: Readonly<Record<string, readonly number[]>>;
  readonly run: (inputs: Tensors) => tf.Tensor[];
  /** Of the largest entry; 1e-5 when absent. */
  readonly tolerance?: number;
}

const big = [3, 4, 5, 6];
const channels = { x: big, y: big, c: [6], d: [6] };
const column = (t: tf.Tensor): tf.Tensor => tf.reshape(t, [1, 1, 1, t.size]);

/** Two batch-normalised convolutions of `a` to `b` to `c` channels, and their gradients. */
function normalisedConvolutions(name: string, [a, b, c]: [number, number, number], pooled = false): Subject {
  return {
    name: `${name} of normalised convolutions and its gradients`,
    shapes: {
      x: [2, 6, 4, a],
      f: [3, 3, a, b],
      g: [3, 3, b, c],
      scale: [b],
      offset: [b],
      weights: [2, pooled ? 3 : 6, pooled ? 2 : 4, c],
    },
    tolerance: 1e-4,
    run: (inputs) => {
      const { f, g, weights } = inputs;
      const output = (x: tf.Tensor, f: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor => {
        const first = tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same');
        const { mean, variance } = tf.moments(first, [0, 1, 2]);
        const [m, v] = [mean, variance] as tf.Tensor1D[];
        const normalised = tf.relu(tf.batchNorm(first, m!, v!, offset as tf.Tensor1D, scale as tf.Tensor1D));
        const joined = x.shape.join() === normalised.shape.join() ? tf.relu(tf.add(normalised, x)) : normalised;
        const reduced = pooled ? tf.maxPool(joined as tf.Tensor4D, 2, 2, 'valid') : joined;
        const second = tf.conv2d(reduced as tf.Tensor4D, g as tf.Tensor4D, 1, 'same');
        const spread = tf.moments(second, [0, 1, 2]);
        const [level, width] = [spread.mean, spread.variance] as tf.Tensor1D[];
        return tf.batchNorm(second, level!, width!, tf.zeros([c]), tf.ones([c]));
      };
      const names = ['x', 'f', 'scale', 'offset'];
      const loss = (...[x, f, scale, offset]: tf.Tensor[]): tf.Tensor =>
        tf.sum(tf.mul(tf.square(output(x!, f!, scale!, offset!)), weights!));
      const chosen = names.map((name) => inputs[name]!);
      return [output(inputs.x!, f!, inputs.scale!, inputs.offset!), ...tf.grads(loss)(chosen)];
    },
  };
}

/** Products, sums and broadcasts that a compiled step writes in another way than tfjs. */
const subjects: readonly Subject[] = [
  {
    name: 'a large tensor times two small ones',
    shapes: channels,
    run: ({ x, c, d }) => [tf.mul(tf.mul(x!, c!), d!), tf.mul(c!, tf.mul(column(d!), x!))],
  },
  {
    name: 'quotients',
    shapes: channels,
    values: { c: [1, 2, -3, 0.5, 4, -0.1], d: [3, -1, 0.2, 7, 1, 2] },
    run: ({ x, y, c, d }) => [
      tf.div(tf.mul(tf.div(x!, c!), 3), d!),
      tf.div(c!, tf.div(d!, tf.mul(x!, 2))),
      tf.div(tf.div(tf.neg(x!), c!), tf.mul(d!, y!)),
      tf.div(tf.div(1, c!), tf.mul(d!, column(c!))),
    ],
  },
  {
    name: 'small factors of several shapes',
    shapes: { x: big, a: [3, 1, 1, 1], b: [5, 1], c: [6], d: [1, 4, 1, 6] },
    run: ({ x, a, b, c, d }) => [
      tf.mul(tf.mul(tf.mul(tf.mul(x!, a!), b!), c!), d!),
      tf.mul(tf.mul(a!, b!), tf.mul(c!, -2)),
      tf.mul(tf.mul(b!, c!), 0.25),
    ],
  },
  {
    name: 'a product that is used twice, and is an output',
    shapes: channels,
    run: ({ x, y, c, d }) => {
      const scaled = tf.mul(x!, c!);
      return [scaled, tf.mul(scaled, d!), tf.mul(scaled, scaled), tf.mul(tf.mul(scaled, y!), d!)];
    },
  },
  {
    name: 'tensors of ones and of another number',
    shapes: { x: big, c: [6], s: [] },
    run: ({ x, c, s }) => [
      tf.mul(tf.ones(big), x!),
      tf.div(tf.mul(column(c!), tf.ones(big)), 7),
      tf.mul(tf.mul(tf.fill(big, 3), c!), x!),
      tf.mul(tf.ones([2, 3]), s!),
      tf.add(tf.mul(c!, tf.ones(big)), tf.mul(s!, tf.ones(big))),
      tf.sqrt(tf.abs(tf.mul(tf.ones([4, 6]), c!))),
      tf.mul(tf.reshape(tf.mul(column(c!), 2), [6]), tf.ones([5, 6])),
      tf.add(tf.reshape(tf.exp(column(c!)), [6]), tf.ones([5, 6])),
    ],
  },
  {
    name: 'sums of rows by segment: few and many segments, narrow rows, none and several of a segment',
    shapes: { x: [40, 64], y: [40, 3], ids: [40] },
    values: { ids: Array.from({ length: 40 }, (_, i) => (i * i) % 11) },
    run: ({ x, y, ids }) => {
      const segments = ids!.toInt() as tf.Tensor1D;
      return [
        tf.unsortedSegmentSum(x!, segments, 11),
        tf.unsortedSegmentSum(x!, segments, 7),
        tf.unsortedSegmentSum(x!.reshape([40, 2, 32]), segments.sub(2).toInt() as tf.Tensor1D, 128),
        tf.unsortedSegmentSum(x!, segments, 129),
        tf.unsortedSegmentSum(y!, segments, 11),
      ];
    },
  },
  {
    name: 'tiled operands',
    shapes: { x: big, c: [6], row: [1, 5, 6] },
    run: ({ x, c, row }) => [
      tf.mul(x!, tf.tile(column(c!), [3, 4, 5, 1])),
      tf.sub(tf.tile(row!, [4, 1, 1]), x!),
      tf.add(tf.tile(row!, [2, 1, 1]), tf.tile(row!, [2, 1, 1])),
      tf.mul(tf.tile(row!, [1, 2, 1]), tf.ones([4, 10, 6])),
    ],
  },
  {
    name: 'sums of products over leading axes, over all and over none of the channels',
    shapes: { ...channels, rows: [5, 6] },
    run: ({ x, y, c, d, rows }) => {
      const term = tf.div(tf.mul(tf.mul(tf.mul(x!, c!), tf.mul(y!, d!)), tf.ones(big)), -9);
      return [
        tf.sum(term, [0, 1, 2]),
        tf.sum(term),
        tf.sum(term, [0, 1]),
        tf.sum(term, 3),
        tf.sum(tf.div(tf.mul(x!, rows!), c!), [0, 1]),
        tf.mean(tf.mul(tf.neg(x!), column(d!)), [0, 1, 2], true),
      ];
    },
  },
  {
    name: '0 times NaN and infinity, and -0',
    shapes: { x: [2, 3], c: [3], z: [3] },
    values: { x: [Number.NaN, 1, Number.POSITIVE_INFINITY, -1, 0, -0], c: [0, 0, 0], z: [-1, 1, Number.NaN] },
    run: ({ x, c, z }) => [
      tf.mul(tf.mul(x!, c!), 5),
      tf.mul(tf.mul(x!, 0), z!),
      tf.div(tf.mul(x!, tf.ones([2, 3])), c!),
      tf.add(tf.mul(x!, z!), 0),
      tf.step(x!),
      tf.sum(tf.mul(tf.mul(x!, c!), z!), 0),
    ],
  },
  {
    name: 'numbers at the ends of the range',
    shapes: { x: [2, 3], c: [3] },
    values: { x: [0, 2, -3, 1e-30, 1e30, 5], c: [1e10, 2, 3] },
    run: ({ x, c }) => [
      tf.clipByValue(tf.mul(tf.mul(x!, c!), 3e38), -1, 1),
      tf.mul(tf.mul(x!, 1e-20), 1e-20),
      tf.mul(tf.mul(tf.mul(x!, 1e-20), 1e-20), 1e20),
    ],
  },
  {
    name: 'whole numbers and bools',
    shapes: { x: [2, 3], c: [3] },
    values: { x: [5, -7, 3, 4, 0, -9], c: [2, 3, -2] },
    run: ({ x, c }) => {
      const [n, k] = [tf.cast(x!, 'int32'), tf.cast(c!, 'int32')];
      return [
        tf.cast(tf.mul(tf.mul(n, k), tf.scalar(3, 'int32')), 'float32'),
        tf.cast(tf.floorDiv(tf.mul(n, k), k), 'float32'),
        tf.where(tf.greater(x!, tf.zeros([2, 3])), x!, tf.mul(c!, tf.ones([2, 3]))),
      ];
    },
  },
  {
    name: 'reshapes of reshapes and transposes of transposes',
    shapes: { x: [2, 3, 4] },
    run: ({ x }) => [
      tf.reshape(tf.reshape(tf.reshape(x!, [6, 4]), [24]), [4, 6]),
      tf.reshape(tf.reshape(x!, [24]), [2, 3, 4]),
      tf.transpose(tf.transpose(x!, [2, 0, 1]), [1, 0, 2]),
      tf.mul(tf.reshape(tf.reshape(x!, [1, 2, 12]), [1, 1, 24]), tf.reshape(x!, [24])),
    ],
  },
  {
    name: 'batch normalisation, its gradient and the gradient of that',
    shapes: { x: [4, 3, 2, 3], scale: [3], offset: [3], weights: [4, 3, 2, 3] },
    run: ({ x, scale, offset, weights }) => {
      const normalised = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        const [m, v] = [mean, variance] as tf.Tensor1D[];
        return tf.relu(tf.batchNorm(x, m!, v!, offset as tf.Tensor1D, scale as tf.Tensor1D));
      };
      const loss = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor =>
        tf.sum(tf.mul(tf.square(normalised(x, scale, offset)), weights!));
      const penalty = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Scalar =>
        tf.sum(tf.square(tf.grad((v) => loss(v, scale, offset))(x)));
      return [
        normalised(x!, scale!, offset!),
        ...tf.grads((x, scale, offset) => loss(x!, scale!, offset!).asScalar())([x!, scale!, offset!]),
        ...tf.grads((x, scale, offset) => penalty(x!, scale!, offset!))([x!, scale!, offset!]),
      ];
    },
  },
  ...[8, 16, 32].map((depth) => ({
    name: `affine functions of ${depth} channels, sums of images and relus`,
    shapes: { x: [2, 5, 3, depth], y: [2, 5, 3, depth], c: [depth], d: [depth] },
    run: ({ x, y, c, d }: Tensors): tf.Tensor[] => {
      const shifted = tf.add(tf.mul(x!, c!), d!);
      const poisoned = tf.mul(
        tf.concat([tf.fill([2, 5, 3, 1], Number.NaN), tf.slice(x!, 0, [2, 5, 3, depth - 1])], 3),
        2,
      );
      return [
        tf.relu(shifted),
        tf.mul(y!, tf.step(shifted)),
        tf.add(tf.add(tf.mul(x!, c!), d!), y!),
        tf.add(y!, tf.mul(column(d!), tf.sub(x!, c!))),
        tf.add(tf.add(tf.mul(x!, c!), tf.mul(y!, d!)), c!),
        tf.relu(tf.add(tf.sub(tf.mul(tf.sub(x!, c!), 3), d!), y!)),
        tf.sub(c!, tf.mul(x!, d!)),
        tf.sub(tf.add(x!, c!), tf.mul(y!, d!)),
        tf.add(tf.mul(x!, c!), tf.mul(x!, c!)),
        tf.relu(tf.add(tf.relu(tf.add(poisoned, c!)), d!)),
      ];
    },
  })),
  normalisedConvolutions('a stack', [16, 32, 32]),
  normalisedConvolutions('a pooled stack', [16, 32, 16], true),
  normalisedConvolutions('a residual block', [32, 32, 32]),
  normalisedConvolutions('channels of no whole block', [16, 24, 32]),
  {
    name: 'narrow channels beside many examples',
    shapes: { x: [4, 16, 9, 3], c: [3], y: [200, 7], d: [7] },
    run: ({ x, c, y, d }) => [
      tf.sub(x!, c!),
      tf.div(c!, tf.add(x!, 3)),
      tf.add(tf.mul(y!, d!), column(d!).reshape([7])),
    ],
  },
];

/** `run` as a step whose tensors are assigned to variables; random inputs if none are given. */
function stepOf(subject: Subject, inputs = inputsOf(subject)): { step: StepDefinition; variables: tf.Variable[] } {
  const { shapes, run } = subject;
  const variables = tf.tidy(() =>
    run(tensorsOf(shapes, inputs)).map((t) => tf.keep(tf.variable(tf.zerosLike(t), false))),
  );
  const step: StepDefinition = {
    inputs: Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape: [...shape] }])),
    step: (batch) => {
      for (const [i, t] of run(batch).entries()) variables[i]!.assign(t);
      return {};
    },
  };
  return { step, variables };
}

/** The tensors of `run` from a compiled step. */
async function compiled(
  subject: Subject,
  inputs: Record<string, Float32Array>,
  dialect?: Dialect,
): Promise<Float32Array[]> {
  const { step, variables } = stepOf(subject, inputs);
  await using training = await compileStep(step, {
    device: 'cpu',
    random: new Random(1),
    nameOf: (variable) => `out/${variables.indexOf(variable)}`,
    ...(dialect && { dialect }),
  });
  await training.run('step', inputs);
  const state = await training.state();
  return variables.map((_, i) => state[`out/${i}`]!.data as Float32Array);
}

/** How many nodes of each operator a compiled step has in onnxruntime's layout for the CPU; any processor compiles it. */
function blockedNodes(subject: Subject, dialect: Dialect): Record<string, number> {
  const { bytes } = stepModels({ step: stepOf(subject).step }, { dialect }).step!;
  const counts: Record<string, number> = {};
  for (const { domain, opType } of onnxProto.onnx.ModelProto.decode(bytes).graph!.node!) {
    if (domain === 'com.microsoft.nchwc') counts[opType!] = (counts[opType!] ?? 0) + 1;
  }
  return counts;
}

function inputsOf({ shapes, values }: Subject): Record<string, Float32Array> {
  const random = new Random(3);
  const entries = Object.entries(shapes).map(([name, shape]) => [
    name,
    Float32Array.from(values?.[name] ?? random.fillUniform(new Float32Array(sizeOf(shape)), -1, 1)),
  ]);
  return Object.fromEntries(entries) as Record<string, Float32Array>;
}

function tensorsOf(shapes: Subject['shapes'], inputs: Record<string, Float32Array>): Tensors {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(inputs[name]!, [...shape])]),
  );
}

describe('a compiled step in fewer and smaller nodes', () => {
  before(() => tf.setBackend('cpu'));

  for (const subject of subjects) {
    it(`equals tfjs: ${subject.name}`, async () => {
      const inputs = inputsOf(subject);
      const expected = subject.run(tensorsOf(subject.shapes, inputs)).map((t) => t.dataSync() as Float32Array);
      // Of the operators that are best on this processor, then of standard ones, which every processor has.
      for (const dialect of [undefined, {}]) {
        const actual = await compiled(subject, inputs, dialect);
        for (const [i, values] of expected.entries()) {
          assert.lengthOf(actual[i]!, values.length);
          const { tolerance = 1e-5 } = subject;
          for (const [k, value] of values.entries()) {
            const found = actual[i]![k]!;
            const near = Math.abs(found - value) <= tolerance * Math.max(1, Math.abs(value));
            assert.isTrue(
              Object.is(found, value) || found === value || near,
              `result ${i}, entry ${k}: ${found}, not ${value}`,
            );
          }
        }
      }
    });
  }

  // onnxruntime's blocks have 16 channels with AVX-512 and 8 without it.
  for (const channelBlock of [8, 16]) {
    it(`stays in the layout of the convolutions between them, in blocks of ${channelBlock} channels`, () => {
      const reorders = (first: number): number => {
        const stack = normalisedConvolutions('a stack', [first, 2 * channelBlock, 2 * channelBlock]);
        const count = blockedNodes(stack, { channelBlock });
        // 2 moments and 2 or 3 sums of gradients for each of the two layers; without the layout there would be none.
        assert.equal(count.GlobalAveragePool, 9);
        return count.ReorderInput! + count.ReorderOutput!;
      };
      assert.isAtMost(reorders(channelBlock), 5, 'an image of one block is in both layouts');
      assert.isAtMost(reorders(2 * channelBlock), 7, 'x goes in and its gradient comes out');
    });
  }

  it('has standard operators only where the processor has no such layout', () => {
    for (const subject of subjects) assert.deepEqual(blockedNodes(subject, {}), {});
  });

  it('takes no variable for a constant, whatever it holds at first', async () => {
    const [scale, total] = [tf.variable(tf.ones([4])), tf.variable(tf.zeros([4]))];
    const training = await compileStep(
      {
        inputs: { x: { shape: [3, 4] } },
        step: ({ x }) => {
          total.assign(tf.sum(tf.mul(tf.mul(x!, scale), 2), 0));
          scale.assign(tf.mul(scale, 3));
          return {};
        },
      },
      { device: 'cpu', random: new Random(1), nameOf: (variable) => (variable === total ? 'total' : 'scale') },
    );
    for (const factor of [1, 3, 9]) {
      await training.run('step', { x: new Float32Array(12).fill(1) });
      const state = await training.state();
      assert.deepEqual([...state.total!.data], Array(4).fill(6 * factor));
    }
    await training.dispose();
  });
});

const IMAGES = [8, 12, 12, 8];

/** A batch-normalised layer with its relu, trained as a recipe would. */
function normalisedLayer(): Promise<CompiledTraining> {
  const layer = tf.layers.batchNormalization({ inputShape: IMAGES.slice(1) });
  const model = tf.sequential({ layers: [layer, tf.layers.reLU()] });
  const before = tf.variable(tf.ones([1, 1, 1, 8]));
  const optimizer: tf.Optimizer = tf.train.momentum(0.1, 0.9);
  const variables = [before, ...model.trainableWeights.map((weight) => weight.read() as tf.Variable)];
  return compileStep(
    {
      inputs: { x: { shape: IMAGES }, weights: { shape: IMAGES } },
      step: ({ x, weights }) => {
        const { value, grads } = tf.variableGrads(() => {
          const y = model.apply(tf.add(x!, before), { training: true }) as tf.Tensor;
          return tf.sum(tf.mul(y, weights!));
        }, variables);
        optimizer.applyGradients(grads);
        return { loss: value };
      },
    },
    { device: 'cpu', random: new Random(1) },
  );
}

/** How many nodes onnxruntime runs whose output has at least `size` numbers, by operator. */
async function largeNodes(bytes: Uint8Array, size: number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'profile-'));
  try {
    const session = await InferenceSession.create(bytes, {
      enableProfiling: true,
      profileFilePrefix: join(folder, 'run'),
    });
    const feeds = session.inputMetadata.flatMap((input) =>
      input.isTensor
        ? [
            [
              input.name,
              new Tensor('float32', new Float32Array(sizeOf(input.shape as number[])), input.shape as number[]),
            ] as const,
          ]
        : [],
    );
    await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as {
      name: string;
      args?: { op_name?: string; output_type_shape?: Record<string, number[]>[] };
    }[];
    const counts: Record<string, number> = {};
    for (const { name, args } of events) {
      const shapes = (args?.output_type_shape ?? []).flatMap((shape) => Object.values(shape));
      if (!name.endsWith('_kernel_time') || !args?.op_name || !shapes.some((shape) => sizeOf(shape) >= size)) continue;
      counts[args.op_name] = (counts[args.op_name] ?? 0) + 1;
    }
    return counts;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('a batch-normalised layer in a compiled step', () => {
  it('goes through its images a few times only', async () => {
    const training = await normalisedLayer();
    const { bytes } = training.portable().step!;
    const { Reshape: _, ...passes } = await largeNodes(bytes, sizeOf(IMAGES));
    // Forwards: + before, - mean, square, * gain, + offset, relu, * weights. Backwards: step, * weights; for the scale's and the
    // variance's gradient twice * weights; the image's is a * dy + b * (x - mean) + c.
    assert.deepEqual(passes, { Add: 4, Sub: 1, Mul: 9, HardSigmoid: 1, Relu: 1 });
    await training.dispose();
  });

  it('sums the rows of few segments as a product, those of many by scattering', () => {
    const scatters = (segments: number): number => {
      const ids = tf.tensor1d([0, 1, 0], 'int32');
      const variable = tf.variable(tf.zeros([segments, 64]), true);
      const step: StepDefinition = {
        inputs: { x: { shape: [3, 64] } },
        step: ({ x }) => {
          variable.assign(tf.unsortedSegmentSum(x!, ids, segments));
          return {};
        },
      };
      const { bytes } = stepModels({ step }, { dialect: { channelBlock: 16 } }).step!;
      const nodes = onnxProto.onnx.ModelProto.decode(bytes).graph!.node!;
      return nodes.filter(({ opType }) => opType === 'ScatterElements').length;
    };
    assert.deepEqual([scatters(65), scatters(128), scatters(129)], [0, 0, 1]);
  });
});
